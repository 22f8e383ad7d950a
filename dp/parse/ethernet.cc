// Ethernet II and 802.3 with LLC/SNAP.
#include <algorithm>

#include "base/endian.h"
#include "parse/headers.h"

namespace vmoat {

namespace {

// IEEE's registry of EtherTypes. Control: CFM, loopback, LLDP, EAPOL, MACsec, slow protocols, PTP, PPPoE
// discovery, MRP, TRILL, wake-on-LAN, HSR, PRP. Data that is not IP: FCoE, RoCE, AoE, HomePlug, PROFINET,
// EtherCAT, IPX, AppleTalk, CDP's kin.
constexpr uint16_t other_ethertypes[] = {
    0x0842, 0x22ea, 0x22f0, 0x22f3, 0x22f4, 0x6002, 0x6003, 0x809b, 0x80f3, 0x8137, 0x8204,
    0x8808, 0x8809, 0x8819, 0x8863, 0x886d, 0x887b, 0x888e, 0x8892, 0x8899, 0x889a, 0x88a2,
    0x88a4, 0x88ab, 0x88b5, 0x88b6, 0x88b7, 0x88ba, 0x88c7, 0x88ca, 0x88cc, 0x88cd, 0x88d9,
    0x88e1, 0x88e3, 0x88e5, 0x88e7, 0x88f5, 0x88f6, 0x88f7, 0x88f8, 0x88fb, 0x8902, 0x8906,
    0x8914, 0x8915, 0x891d, 0x892f, 0x893a, 0x893f, 0x8940, 0x894f, 0x9000, 0xa0ed};

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

bool is_known_ethertype(uint16_t type) {
  switch (type) {
    case ethertype_ipv4:
    case ethertype_ipv6:
    case ethertype_arp:
    case ethertype_rarp:
    case ethertype_teb:
    case ethertype_vlan:
    case ethertype_qinq:
    case ethertype_qinq_old:
    case ethertype_ppp:
    case ethertype_mpls:
    case ethertype_mpls_multicast:
    case ethertype_pppoe_session:
      return true;
    default:
      return std::find(std::begin(other_ethertypes), std::end(other_ethertypes), type) !=
             std::end(other_ethertypes);
  }
}

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
