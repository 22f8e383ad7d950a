// ERSPAN I (no header), II (8 bytes) and III (12 bytes and a platform subheader): a mirrored Ethernet frame.
#include "base/endian.h"
#include "parse/headers.h"

namespace vmoat {

Inner parse_erspan(Bytes bytes, uint16_t ethertype, bool with_sequence, Packet& packet) {
  if (ethertype == ethertype_erspan2 && !with_sequence) return {TunnelKind::erspan, 0, ethertype_teb, bytes};
  size_t header = ethertype == ethertype_erspan2 ? 8 : 12;
  if (header == 12 && bytes.size() >= 12 && (bytes[11] & 1) != 0) header = 20;
  if (bytes.size() < header) {
    if (!packet.cut) packet.odd(Anomaly::tunnel_broken);
    return {};
  }
  return {TunnelKind::erspan, load_be16(&bytes[2]) & 0x3ffu, ethertype_teb, bytes.subspan(header)};
}

}  // namespace vmoat
