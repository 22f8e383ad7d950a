// Walk: link layers until IP or ARP, IP, transport; and which packet is a tunnel.
#include "parse/walk.h"

#include <algorithm>

namespace vmoat {

namespace {

constexpr int link_headers_max = 24;

/** Tags that the kernel took out of the bytes stand outermost. */
void take_tags(const Frame& frame, Packet& packet) {
  for (uint16_t tag : frame.tags)
    if (tag != 0) packet.tags[packet.tag_count++] = tag;
}

/** The first nibble of a raw IP frame says which IP it is. */
uint16_t raw_ethertype(Bytes bytes) {
  if (bytes.empty()) return 0;
  return bytes[0] >> 4 == 4 ? ethertype_ipv4 : bytes[0] >> 4 == 6 ? ethertype_ipv6 : 0;
}

Follows link_header(LinkType link, Bytes bytes, Packet& packet) {
  switch (link) {
    case LinkType::ethernet:
      return parse_ethernet(bytes, packet);
    case LinkType::cooked:
      return parse_cooked(bytes, packet);
    case LinkType::cooked2:
      return parse_cooked2(bytes, packet);
    case LinkType::null:
      return parse_null(bytes, packet);
    case LinkType::raw:
      return {raw_ethertype(bytes), bytes};
    case LinkType::ipv4:
      return {ethertype_ipv4, bytes};
    case LinkType::ipv6:
      return {ethertype_ipv6, bytes};
  }
  return {};
}

void check_ends(Packet& packet) {
  const bool ports = packet.proto == IPPROTO_TCP || packet.proto == IPPROTO_UDP;
  if (!ports) return;
  if (packet.sport == packet.dport && packet.src == packet.dst) packet.odd(Anomaly::ip_land);
  if (packet.sport == 0 || packet.dport == 0) packet.odd(Anomaly::port_zero);
}

void decode_transport(Packet& packet) {
  bool read = false;
  switch (packet.proto) {
    case IPPROTO_TCP:
      read = parse_tcp(packet);
      break;
    case IPPROTO_UDP:
    case IPPROTO_UDPLITE:
      read = parse_udp(packet);
      break;
    case IPPROTO_SCTP:
      read = parse_sctp(packet);
      break;
    case IPPROTO_ICMP:
      read = packet.family == 4 && parse_icmp(packet);
      break;
    case IPPROTO_ICMPV6:
      read = packet.family == 6 && parse_icmpv6(packet);
      break;
    default:
      return;
  }
  if (!read) return;
  packet.layer = Layer::transport;
  check_ends(packet);
}

void network(Follows f, Packet& packet) {
  packet.ethertype = f.ethertype;
  if (f.ethertype == ethertype_ipv4 ? !parse_ipv4(f.bytes, packet) : !parse_ipv6(f.bytes, packet)) return;
  if (!packet.fragment) decode_transport(packet);
}

void walk(Follows f, Packet& packet) {
  for (int i = 0; i < link_headers_max; i++) {
    switch (f.ethertype) {
      case ethertype_ipv4:
      case ethertype_ipv6:
        return network(f, packet);
      case ethertype_arp:
      case ethertype_rarp:
        packet.ethertype = f.ethertype;
        return parse_arp(f.bytes, packet);
      case ethertype_vlan:
      case ethertype_qinq:
      case ethertype_qinq_old:
        f = parse_vlan(f.bytes, packet);
        break;
      case ethertype_mpls:
      case ethertype_mpls_multicast:
        f = parse_mpls(f.bytes, packet);
        break;
      case ethertype_pppoe_session:
        f = parse_pppoe(f.bytes, packet);
        break;
      case ethertype_ppp:
        f = parse_ppp(f.bytes, packet);
        break;
      case ethertype_teb:
        f = parse_ethernet(f.bytes, packet);
        break;
      default:
        packet.ethertype = f.ethertype;
        if (f.ethertype != 0 && !is_known_ethertype(f.ethertype)) packet.odd(Anomaly::ethernet_unknown);
        return;
    }
  }
  packet.odd(Anomaly::vlan_deep);
}

bool has(const TunnelPorts::List& ports, uint16_t port) {
  return port != 0 && std::find(ports.begin(), ports.end(), port) != ports.end();
}

constexpr uint16_t teredo = 3544;

Inner in_udp(Packet& packet, const TunnelPorts& ports) {
  if (has(ports.vxlan, packet.dport)) return parse_vxlan(packet);
  if (has(ports.geneve, packet.dport)) return parse_geneve(packet);
  if (has(ports.gtp, packet.dport) || has(ports.gtp, packet.sport)) return parse_gtp(packet);
  const bool looks_like_teredo = packet.payload.size() >= 40 && packet.payload[0] >> 4 == 6;
  if (looks_like_teredo || packet.dport == teredo || packet.sport == teredo) return parse_teredo(packet);
  return {};
}

}  // namespace

void decode_whole(Packet& packet) {
  packet.fragment = packet.more_fragments = false;
  packet.fragment_offset = 0;
  if (packet.family == 6) parse_extensions(packet);
  if (packet.fragment) {
    packet.fragment = packet.more_fragments = false;
    return packet.odd(Anomaly::ipv6_extension_order);
  }
  decode_transport(packet);
}

void decode(const Frame& frame, Packet& packet) {
  packet = Packet{};
  packet.length = frame.length;
  packet.cut = frame.length > frame.bytes.size();
  take_tags(frame, packet);
  walk(link_header(frame.link, frame.bytes, packet), packet);
}

void decode(const Inner& inner, bool cut, Packet& packet) {
  packet = Packet{};
  packet.length = static_cast<uint32_t>(inner.bytes.size());
  packet.cut = cut;
  walk({inner.ethertype, inner.bytes}, packet);
}

bool may_tunnel(uint8_t proto, uint16_t port, uint16_t other_port, const TunnelPorts& ports) {
  const auto is_port = [&](uint16_t n) {
    return has(ports.vxlan, n) || has(ports.geneve, n) || has(ports.gtp, n) || n == teredo;
  };
  if (proto == IPPROTO_UDP) return is_port(port) || is_port(other_port);
  return proto == IPPROTO_GRE || proto == IPPROTO_IPIP || proto == IPPROTO_IPV6;
}

Inner inner_of(Packet& packet, const TunnelPorts& ports) {
  if (packet.fragment) return {};
  switch (packet.proto) {
    case IPPROTO_UDP:
      return packet.layer == Layer::transport ? in_udp(packet, ports) : Inner{};
    case IPPROTO_GRE:
      return parse_gre(packet);
    case IPPROTO_IPIP:
    case IPPROTO_IPV6:
      return parse_ipip(packet);
    default:
      return {};
  }
}

}  // namespace vmoat
