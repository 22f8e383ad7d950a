// MPLS label stacks, and what stands behind the bottom label: nothing says it, so the first nibble tells.
#include "base/endian.h"
#include "parse/headers.h"

namespace vmoat {

namespace {

constexpr int labels_max = 16;

/** RFC 4928: 4 and 6 are IP, 0 is a pseudowire's control word with Ethernet behind it, else Ethernet at once.
 */
Follows behind_labels(Bytes bytes) {
  if (bytes.empty()) return {};
  const uint8_t nibble = bytes[0] >> 4;
  if (nibble == 4) return {ethertype_ipv4, bytes};
  if (nibble == 6) return {ethertype_ipv6, bytes};
  if (nibble == 0 && bytes.size() >= 18) return {ethertype_teb, bytes.subspan(4)};
  return {ethertype_teb, bytes};
}

}  // namespace

Follows parse_mpls(Bytes bytes, Packet& packet) {
  for (int i = 0; i < labels_max; i++) {
    if (bytes.size() < 4) {
      packet.odd(Anomaly::mpls_short);
      return {};
    }
    const uint32_t entry = load_be32(&bytes[0]);
    bytes = bytes.subspan(4);
    if ((entry & 0x100) == 0) continue;
    packet.mpls = {.id = entry >> 12, .kind = TunnelKind::mpls};
    return behind_labels(bytes);
  }
  packet.odd(Anomaly::mpls_deep);
  return {};
}

}  // namespace vmoat
