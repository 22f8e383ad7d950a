// IP in IP: protocol 4 and 41 in either family (RFC 2003, 2473, 4213).
#include "parse/headers.h"

namespace vmoat {

Inner parse_ipip(Packet& packet) {
  const bool inner_v4 = packet.proto == IPPROTO_IPIP;
  TunnelKind kind = TunnelKind::ipip;  // the same family inside and outside
  if (inner_v4 && packet.family == 6) kind = TunnelKind::fourinsix;
  if (!inner_v4 && packet.family == 4) kind = TunnelKind::sixinfour;
  return {kind, 0, inner_v4 ? ethertype_ipv4 : ethertype_ipv6, packet.body};
}

}  // namespace vmoat
