// UDP and UDP-Lite: ports, length against IP's (RFC 768, 3828).
#include "base/endian.h"
#include "parse/headers.h"

namespace vmoat {

bool parse_udp(Packet& packet) {
  const Bytes bytes = packet.body;
  if (bytes.size() >= 4) {
    packet.sport = load_be16(&bytes[0]);
    packet.dport = load_be16(&bytes[2]);
  }
  if (bytes.size() < 8) return packet.odd(Anomaly::udp_short), false;
  uint32_t length = load_be16(&bytes[4]);
  const bool whole_rest = length == 0 || packet.proto == IPPROTO_UDPLITE;  // jumbo, super-frame; coverage
  if (whole_rest) length = packet.body_length;
  if (length < 8 || length > packet.body_length) {
    packet.odd(Anomaly::udp_length);
    length = packet.body_length;
  }
  if (length < 8) return false;
  packet.payload_length = length - 8;
  packet.payload = bytes.subspan(8);
  if (packet.payload.size() > packet.payload_length)
    packet.payload = packet.payload.first(packet.payload_length);
  return true;
}

}  // namespace vmoat
