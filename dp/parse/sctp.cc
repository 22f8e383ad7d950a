// SCTP: ports, and the user data of the first DATA chunk (RFC 9260).
#include "base/endian.h"
#include "parse/headers.h"

namespace vmoat {

namespace {
constexpr uint8_t chunk_data = 0;
constexpr int chunks_max = 16;
}  // namespace

bool parse_sctp(Packet& packet) {
  Bytes bytes = packet.body;
  if (bytes.size() < 12) return packet.odd(Anomaly::sctp_short), false;
  packet.sport = load_be16(&bytes[0]);
  packet.dport = load_be16(&bytes[2]);
  bytes = bytes.subspan(12);
  for (int i = 0; i < chunks_max && bytes.size() >= 4; i++) {
    const size_t length = load_be16(&bytes[2]);
    if (length < 4 || length > bytes.size()) {
      if (!packet.cut) packet.odd(Anomaly::sctp_short);
      return true;
    }
    if (bytes[0] == chunk_data && length > 16) {
      packet.payload = bytes.subspan(16, length - 16);
      packet.payload_length = static_cast<uint32_t>(packet.payload.size());
      return true;
    }
    bytes = bytes.subspan(std::min((length + 3) & ~size_t{3}, bytes.size()));
  }
  return true;
}

}  // namespace vmoat
