// The registry of frame parsers: what a fuzz harness runs. One line per parser.
#include "parse/walk.h"

namespace vmoat {

namespace {

template <auto parser>
void on_bytes(Bytes bytes) {
  Packet packet;
  parser(bytes, packet);
}

template <auto parser, uint8_t proto, uint8_t family = 4>
void on_body(Bytes bytes) {
  Packet packet;
  packet.proto = proto;
  packet.family = family;
  packet.ttl = 255;
  packet.body = bytes;
  packet.body_length = static_cast<uint32_t>(bytes.size());
  parser(packet);
}

template <auto parser, uint16_t port>
void on_datagram(Bytes bytes) {
  Packet packet;
  packet.dport = port;
  packet.payload = bytes;
  parser(packet);
}

void erspan(Bytes bytes) {
  Packet packet;
  parse_erspan(bytes, ethertype_erspan2, true, packet);
  parse_erspan(bytes, ethertype_erspan3, true, packet);
}

/** A whole frame with everything inside it. */
template <LinkType link>
void on_frame(Bytes bytes) {
  Packet packet;
  decode({.bytes = bytes, .length = static_cast<uint32_t>(bytes.size()), .link = link}, packet);
  for (int depth = 0; depth < tunnel_depth_max; depth++) {
    const Inner inner = inner_of(packet, {});
    if (inner.kind == TunnelKind::none) return;
    decode(inner, packet.cut, packet);
  }
}

constexpr FrameParser parsers[] = {
    {"frame", on_frame<LinkType::ethernet>},
    {"frame-raw", on_frame<LinkType::raw>},
    {"frame-cooked", on_frame<LinkType::cooked>},
    {"ethernet", on_bytes<parse_ethernet>},
    {"cooked", on_bytes<parse_cooked>},
    {"cooked2", on_bytes<parse_cooked2>},
    {"null", on_bytes<parse_null>},
    {"vlan", on_bytes<parse_vlan>},
    {"mpls", on_bytes<parse_mpls>},
    {"pppoe", on_bytes<parse_pppoe>},
    {"ppp", on_bytes<parse_ppp>},
    {"arp", on_bytes<parse_arp>},
    {"ipv4", on_bytes<parse_ipv4>},
    {"ipv6", on_bytes<parse_ipv6>},
    {"tcp", on_body<parse_tcp, IPPROTO_TCP>},
    {"udp", on_body<parse_udp, IPPROTO_UDP>},
    {"sctp", on_body<parse_sctp, IPPROTO_SCTP>},
    {"icmp", on_body<parse_icmp, IPPROTO_ICMP>},
    {"icmpv6", on_body<parse_icmpv6, IPPROTO_ICMPV6, 6>},
    {"vxlan", on_datagram<parse_vxlan, 4790>},
    {"geneve", on_datagram<parse_geneve, 6081>},
    {"gtp", on_datagram<parse_gtp, 2152>},
    {"teredo", on_datagram<parse_teredo, 3544>},
    {"gre", on_body<parse_gre, IPPROTO_GRE>},
    {"erspan", erspan},
    {"ipip", on_body<parse_ipip, IPPROTO_IPIP>},
};

}  // namespace

std::span<const FrameParser> frame_parsers() {
  return parsers;
}

}  // namespace vmoat
