// Ethernet II and 802.3 with LLC/SNAP.
#include "base/endian.h"
#include "parse/headers.h"

namespace vmoat {

namespace {

/** 802.2 LLC: SNAP bears an EtherType, Novell and IP SAPs are told apart by number, the rest is unknown. */
Follows llc(Bytes bytes, uint16_t length, Packet& packet) {
  if (bytes.size() > length) bytes = bytes.first(length);
  if (bytes.size() < 3) {
    packet.odd(Anomaly::ethernet_short);
    return {};
  }
  const bool snap = bytes[0] == 0xaa && bytes[1] == 0xaa && bytes[2] == 3;
  if (snap && bytes.size() >= 8) return {load_be16(&bytes[6]), bytes.subspan(8)};
  if (bytes[0] == 0x06 && bytes[1] == 0x06) return {ethertype_ipv4, bytes.subspan(3)};
  return {};  // spanning tree, IS-IS, NetBEUI: no addresses of ours in them
}

}  // namespace

Follows parse_ethernet(Bytes bytes, Packet& packet) {
  if (bytes.size() < 14) {
    packet.odd(Anomaly::ethernet_short);
    return {};
  }
  std::memcpy(packet.dst_mac.data(), &bytes[0], 6);
  std::memcpy(packet.src_mac.data(), &bytes[6], 6);
  packet.has_macs = true;
  const uint16_t type = load_be16(&bytes[12]);
  if (type < 0x600) return llc(bytes.subspan(14), type, packet);
  return {type, bytes.subspan(14)};
}

}  // namespace vmoat
