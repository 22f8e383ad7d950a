// GRE: version 0 (RFC 2784, 2890; NVGRE is its key used as VSID) and version 1 (PPTP, RFC 2637).
#include "base/endian.h"
#include "parse/headers.h"

namespace vmoat {

namespace {

constexpr uint16_t flag_checksum = 0x8000, flag_routing = 0x4000, flag_key = 0x2000, flag_sequence = 0x1000,
                   flag_acknowledge = 0x0080;

Inner broken(Packet& packet, Anomaly why) {
  if (!packet.cut) packet.odd(why);
  return {};
}

}  // namespace

Inner parse_gre(Packet& packet) {
  ByteReader r(packet.body);
  const uint16_t flags = r.be16(), type = r.be16(), version = flags & 7;
  if (!r.ok()) return broken(packet, Anomaly::tunnel_broken);
  if (version > 1) return broken(packet, Anomaly::gre_version);
  if ((flags & flag_routing) != 0) return broken(packet, Anomaly::gre_routing);
  if ((flags & flag_checksum) != 0) r.skip(4);
  uint32_t key = (flags & flag_key) != 0 ? r.be32() : 0;
  if ((flags & flag_sequence) != 0) r.skip(4);
  if (version == 1 && (flags & flag_acknowledge) != 0) r.skip(4);
  if (!r.ok()) return broken(packet, Anomaly::tunnel_broken);
  if (type == ethertype_erspan2 || type == ethertype_erspan3)
    return parse_erspan(r.rest(), type, (flags & flag_sequence) != 0, packet);
  if (version == 1) key &= 0xffff;                   // payload length stands above the call id
  if (type == ethertype_teb && key != 0) key >>= 8;  // NVGRE: VSID, then flow id (RFC 7637)
  return {TunnelKind::gre, key, type, r.rest()};
}

}  // namespace vmoat
