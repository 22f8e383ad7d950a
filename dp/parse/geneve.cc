// Geneve (RFC 8926): eight bytes, options in words, then what the protocol type says.
#include "base/endian.h"
#include "parse/headers.h"

namespace vmoat {

namespace {

bool is_carried(uint16_t ethertype) {
  return ethertype == ethertype_teb || ethertype == ethertype_ipv4 || ethertype == ethertype_ipv6 ||
         ethertype == ethertype_mpls;
}

}  // namespace

Inner parse_geneve(Packet& packet) {
  const Bytes bytes = packet.payload;
  if (bytes.size() >= 8 && !is_carried(load_be16(&bytes[2]))) return {};
  const size_t header = bytes.size() < 8 ? 0 : 8 + (bytes[0] & 0x3fu) * 4;
  if (header == 0 || header > bytes.size() || bytes[0] >> 6 != 0) {
    if (!packet.cut) packet.odd(Anomaly::tunnel_broken);
    return {};
  }
  Bytes options = bytes.subspan(8, header - 8);
  while (!options.empty()) {
    const size_t length = options.size() < 4 ? 0 : 4 + (options[3] & 0x1fu) * 4;
    if (length == 0 || length > options.size()) {
      packet.odd(Anomaly::tunnel_broken);
      break;
    }
    options = options.subspan(length);
  }
  return {TunnelKind::geneve, load_be24(&bytes[4]), load_be16(&bytes[2]), bytes.subspan(header)};
}

}  // namespace vmoat
