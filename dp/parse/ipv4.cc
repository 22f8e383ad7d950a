// IPv4: header, options, lengths against the frame's.
#include "base/endian.h"
#include "parse/headers.h"

namespace vmoat {

namespace {

constexpr uint8_t option_end = 0, option_nop = 1, option_loose_route = 131, option_strict_route = 137;

void check_options(Bytes options, Packet& packet) {
  while (!options.empty() && options[0] != option_end) {
    if (options[0] == option_nop) {
      options = options.subspan(1);
      continue;
    }
    if (options.size() < 2 || options[1] < 2 || options[1] > options.size())
      return packet.odd(Anomaly::ipv4_options);
    if (options[0] == option_loose_route || options[0] == option_strict_route)
      packet.odd(Anomaly::ipv4_source_route);
    options = options.subspan(options[1]);
  }
}

void read_fragment(Bytes bytes, Packet& packet) {
  const uint16_t field = load_be16(&bytes[6]);
  if ((field & 0x8000) != 0) packet.odd(Anomaly::ipv4_flag_reserved);
  packet.more_fragments = (field & 0x2000) != 0;
  packet.fragment_offset = static_cast<uint16_t>((field & 0x1fff) * 8);
  packet.fragment = packet.more_fragments || packet.fragment_offset != 0;
  packet.fragment_id = load_be16(&bytes[4]);
}

void read_addresses(Bytes bytes, Packet& packet) {
  packet.family = 4;
  packet.proto = bytes[9];
  packet.ttl = bytes[8];
  packet.src = Address::v4(&bytes[12]);
  packet.dst = Address::v4(&bytes[16]);
  if (bytes[12] >= 224 && bytes[12] < 240) packet.odd(Anomaly::ip_source_multicast);
}

/** The payload's length on the wire; a super-frame beyond 64 KiB says 0 and means "the rest". */
uint32_t payload_length(Bytes bytes, uint32_t header, Packet& packet) {
  const uint32_t rest = static_cast<uint32_t>(bytes.size()) - header, total = load_be16(&bytes[2]);
  if (total == 0 && bytes.size() > 0xffff) return rest;
  if (total >= header) return total - header;
  packet.odd(Anomaly::ipv4_total_length);
  return rest;
}

}  // namespace

bool parse_ipv4(Bytes bytes, Packet& packet) {
  if (bytes.size() < 20) return packet.odd(Anomaly::ipv4_short), false;
  if (bytes[0] >> 4 != 4) return packet.odd(Anomaly::ipv4_version), false;
  uint32_t header = (bytes[0] & 0xfu) * 4;
  if (header < 20 || header > bytes.size()) {
    packet.odd(Anomaly::ipv4_header_length);
    if (header < 20) return false;
    header = static_cast<uint32_t>(bytes.size());
  }
  packet.layer = Layer::network;
  read_addresses(bytes, packet);
  if (header > 20) check_options(bytes.subspan(20, header - 20), packet);
  read_fragment(bytes, packet);
  packet.body_length = payload_length(bytes, header, packet);
  packet.body = bytes.subspan(header);
  if (packet.body.size() > packet.body_length) packet.body = packet.body.first(packet.body_length);
  if (packet.body.size() == packet.body_length) {
    packet.cut = false;
  } else if (!packet.cut) {
    packet.odd(Anomaly::ipv4_truncated);
    packet.cut = true;
  }
  return true;
}

}  // namespace vmoat
