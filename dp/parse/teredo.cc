// Teredo (RFC 4380): an IPv6 packet in UDP, behind optional authentication and origin indications.
#include "base/endian.h"
#include "parse/headers.h"

namespace vmoat {

namespace {

constexpr uint32_t teredo_prefix = 0x20010000;

Bytes without_indications(Bytes bytes) {
  if (bytes.size() >= 4 && load_be16(&bytes[0]) == 1) {
    const size_t length = 13u + bytes[2] + bytes[3];
    bytes = length <= bytes.size() ? bytes.subspan(length) : Bytes{};
  }
  if (bytes.size() >= 8 && load_be16(&bytes[0]) == 0) bytes = bytes.subspan(8);
  return bytes;
}

bool holds_teredo_address(Bytes ip) {
  constexpr uint16_t link_local = 0xfe80;  // router solicitation and advertisement
  return load_be32(&ip[8]) == teredo_prefix || load_be32(&ip[24]) == teredo_prefix ||
         load_be16(&ip[8]) == link_local;
}

}  // namespace

Inner parse_teredo(Packet& packet) {
  const Bytes ip = without_indications(packet.payload);
  if (ip.size() < 40 || ip[0] >> 4 != 6) return {};
  const bool length_fits = load_be16(&ip[4]) + 40u <= ip.size() || packet.cut;
  if (!length_fits || !holds_teredo_address(ip)) return {};
  return {TunnelKind::teredo, 0, ethertype_ipv6, ip};
}

}  // namespace vmoat
