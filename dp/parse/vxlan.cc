// VXLAN (RFC 7348) and VXLAN-GPE: eight bytes, then a frame.
#include "base/endian.h"
#include "parse/headers.h"

namespace vmoat {

namespace {

constexpr uint16_t port_gpe = 4790;
constexpr uint8_t flag_vni = 0x08, flag_next_protocol = 0x04;

uint16_t gpe_ethertype(uint8_t next) {
  switch (next) {
    case 1:
      return ethertype_ipv4;
    case 2:
      return ethertype_ipv6;
    case 3:
      return ethertype_teb;
    case 5:
      return ethertype_mpls;
    default:
      return 0;
  }
}

}  // namespace

Inner parse_vxlan(Packet& packet) {
  const Bytes bytes = packet.payload;
  if (bytes.size() < 8 || (bytes[0] & flag_vni) == 0) {
    packet.odd(Anomaly::tunnel_broken);
    return {};
  }
  const bool gpe = packet.dport == port_gpe && (bytes[0] & flag_next_protocol) != 0;
  const uint16_t type = gpe ? gpe_ethertype(bytes[3]) : ethertype_teb;
  return {TunnelKind::vxlan, load_be24(&bytes[4]), type, bytes.subspan(8)};
}

}  // namespace vmoat
