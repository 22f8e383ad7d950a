// PPPoE sessions and PPP frames.
#include "base/endian.h"
#include "parse/headers.h"

namespace vmoat {

Follows parse_pppoe(Bytes bytes, Packet& packet) {
  if (bytes.size() < 6 || bytes[0] != 0x11 || load_be16(&bytes[4]) > bytes.size() - 6) {
    const bool only_cut = packet.cut && bytes.size() >= 6 && bytes[0] == 0x11;
    if (!only_cut) {
      packet.odd(Anomaly::pppoe_broken);
      return {};
    }
  }
  const size_t length = load_be16(&bytes[4]);
  Bytes ppp = bytes.subspan(6);
  return parse_ppp(ppp.size() > length ? ppp.first(length) : ppp, packet);
}

Follows parse_ppp(Bytes bytes, Packet&) {
  if (bytes.size() >= 2 && bytes[0] == 0xff && bytes[1] == 0x03) bytes = bytes.subspan(2);
  if (bytes.size() < 2) return {};
  const bool short_field = (bytes[0] & 1) != 0;  // RFC 1661 6.5: an odd first byte is the whole field
  const uint16_t protocol = short_field ? bytes[0] : load_be16(&bytes[0]);
  Bytes rest = bytes.subspan(short_field ? 1 : 2);
  if (protocol == 0x21) return {ethertype_ipv4, rest};
  if (protocol == 0x57) return {ethertype_ipv6, rest};
  if (protocol == 0x281) return {ethertype_mpls, rest};
  return {};  // LCP, IPCP, compressed: control or not readable
}

}  // namespace vmoat
