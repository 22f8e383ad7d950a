// VXLAN (RFC 7348), with group policy (draft-smith-vxlan-group-policy) and generic protocol extension
// (draft-ietf-nvo3-vxlan-gpe): eight bytes, then a frame or what the header says.
#include "base/endian.h"
#include "parse/headers.h"

namespace vmoat {

namespace {

constexpr uint8_t flag_group = 0x80, flag_vni = 0x08, flag_next_protocol = 0x04;
constexpr uint8_t flags_known = flag_group | flag_vni | flag_next_protocol;

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

/** Reserved fields are zero as plain VXLAN sends them. */
bool is_plain(Bytes bytes) {
  return (bytes[0] & ~flag_vni) == 0 && bytes[1] == 0 && bytes[2] == 0 && bytes[3] == 0 && bytes[7] == 0;
}

bool is_ip(Bytes bytes, uint8_t version) {
  return !bytes.empty() && bytes[0] >> 4 == version;
}

/** Whether these bytes could be what `type` says. */
bool looks_like(uint16_t type, Bytes bytes) {
  if (type == ethertype_ipv4) return is_ip(bytes, 4);
  if (type == ethertype_ipv6) return is_ip(bytes, 6);
  if (type == ethertype_mpls) return bytes.size() >= 4;
  if (type != ethertype_teb || bytes.size() < 14) return false;
  const uint16_t inner = load_be16(&bytes[12]);
  if (inner == ethertype_ipv4 || inner == ethertype_ipv6)
    return is_ip(bytes.subspan(14), inner == ethertype_ipv4 ? 4 : 6);
  return is_known_ethertype(inner);
}

/** What follows the header; 0 where this is not VXLAN. */
uint16_t inner_ethertype(Bytes bytes) {
  const Bytes inner = bytes.subspan(8);
  if (is_plain(bytes)) return ethertype_teb;
  const uint16_t next = (bytes[0] & flag_next_protocol) != 0 ? gpe_ethertype(bytes[3]) : 0;
  for (uint16_t type : {next, ethertype_teb})
    if (type != 0 && looks_like(type, inner)) return type;
  return 0;
}

}  // namespace

Inner parse_vxlan(Packet& packet) {
  const Bytes bytes = packet.payload;
  const bool without_vni = bytes.size() >= 8 && is_plain(bytes) && (bytes[0] & flag_vni) == 0;
  if (bytes.size() < 8 || without_vni) {
    if (!packet.cut) packet.odd(Anomaly::tunnel_broken);
    return {};
  }
  if ((bytes[0] & flag_vni) == 0 || (bytes[0] & ~flags_known) != 0) return {};
  const uint16_t type = inner_ethertype(bytes);
  if (type == 0) return {};
  return {TunnelKind::vxlan, load_be24(&bytes[4]), type, bytes.subspan(8)};
}

}  // namespace vmoat
