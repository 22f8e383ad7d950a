// For tests: frames in every shape that might slip past a guard: fragments, tags, headers before the
// transport, tunnels. Each row says why it is dropped.
#pragma once

#include "engine/bypass_rig.h"

namespace vmoat::test {

enum Families : uint8_t { ip4 = 1, ip6 = 2, both = 3 };

/** Frames that bear the mark, of which none arrives; other ones only prepare the ground. */
struct Shape {
  const char* name;
  Families families;
  Causes causes;
  std::vector<Buffer> (*frames)(const Talk&);
};
using Frames = std::vector<Buffer>;

inline Buffer head(Buffer bytes, size_t size) {
  bytes.resize(size);
  return bytes;
}

/** It may arrive. */
inline Buffer unmarked(Buffer frame) {
  const Buffer magic = text("vmBP");
  const auto at = std::search(frame.begin(), frame.end(), magic.begin(), magic.end());
  std::fill(at, frame.end(), 0);
  return frame;
}

inline Frames reversed(Frames frames) {
  std::ranges::reverse(frames);
  return frames;
}

/** What GRE and its like carry: a datagram between the same ends. */
inline Buffer inner_packet(const Talk& t) {
  return t.ip(proto_udp, t.datagram(closed_port));
}

inline Buffer udp_in(const Talk& t, uint16_t port, const Buffer& header) {
  return t.ip(proto_udp, udp(t.port(), port, header + t.udp_frame(closed_port)));
}

/** IPv6: a packet to the port behind one extension header. */
inline Frames behind(const Talk& t, uint8_t header, uint16_t port) {
  return {t.frame(t.ip(header, extended(proto_udp, t.datagram(port))))};
}

inline Frames with_options(const Talk& t, const char* options, uint16_t port) {
  return {t.udp_frame(port, {.options = hex(options)})};
}

inline Buffer behind_tags(const Talk& t, uint16_t outer_type, std::vector<uint16_t> ids, uint16_t port) {
  Buffer payload = t.ip(proto_udp, t.datagram(port));
  uint16_t type = t.ethertype();
  while (!ids.empty()) {
    payload = tagged(ids.back(), type, payload);
    ids.pop_back();
    type = 0x8100;
  }
  return t.ether(outer_type, payload);
}

/** Its ports are in the second fragment (RFC 7112). */
inline Frames cut_chain(const Talk& t) {
  const Buffer whole = extended(proto_udp, t.datagram(open_port, 2));
  return {t.padded(t.piece(destination, head(whole, 8), 0, true))};
}

inline const Shape plain[] = {
    {"a datagram", both, for_verdict, [](const Talk& t) -> Frames { return {t.udp_frame(closed_port)}; }},
    {"a connection", both, for_verdict,
     [](const Talk& t) -> Frames { return {t.frame(t.ip(proto_tcp, t.segment(closed_port, syn)))}; }},
    {"SCTP", both, for_verdict,
     [](const Talk& t) -> Frames {
       return {t.frame(t.ip(132, be16(t.port()) + be16(open_port) + be32(0) + be32(0) + t.mark()))};
     }},
    {"a protocol without ports", both, for_verdict,
     [](const Talk& t) -> Frames { return {t.frame(t.ip(253, t.marks(3)))}; }},
    {"ESP", both, for_verdict,
     [](const Talk& t) -> Frames { return {t.frame(t.ip(50, be32(7) + be32(1) + t.marks(4)))}; }},
    {"UDP-Lite to the port that UDP may reach", both, for_verdict,
     [](const Talk& t) -> Frames { return {t.frame(t.ip(136, udp(t.port(), open_port, t.mark())))}; }},
    {"an ICMP timestamp", ip4, for_verdict,
     [](const Talk& t) -> Frames {
       return {t.frame(t.ip(proto_icmp, Buffer{13, 0, 0, 0} + be32(1) + t.marks(2)))};
     }},
    {"a node information query", ip6, for_verdict,
     [](const Talk& t) -> Frames {
       return {t.frame(t.ip(proto_icmpv6, Buffer{139, 0, 0, 0} + be32(1) + t.marks(2)))};
     }},
    {"an ICMP timestamp reply that nobody asked for", ip4, for_verdict,
     [](const Talk& t) -> Frames {
       return {t.frame(t.ip(proto_icmp, Buffer{14, 0, 0, 0} + be16(t.port()) + be16(1) + t.marks(2)))};
     }},
    {"an answer of a name server that nobody asked", both, for_verdict,
     [](const Talk& t) -> Frames {
       const Buffer answer = be16(1) + hex("8180 0001 0000 0000 0000 03777777 00 0001 0001") + t.marks(2);
       return {t.frame(t.ip(proto_udp, udp(53, t.port(), answer)))};
     }},
    {"what looks like an answer of ONC RPC", both, for_verdict,
     [](const Talk& t) -> Frames {
       return {t.frame(t.ip(proto_udp, udp(open_port, t.port(), be32(7) + be32(1) + be32(0) + t.marks(3))))};
     }},
    {"an ICMP error about a flow that does not exist", both, for_verdict,
     [](const Talk& t) -> Frames {
       const Buffer error = t.family == 6 ? Buffer{1, 4, 0, 0} : Buffer{3, 3, 0, 0};
       return {t.frame(t.ip(t.icmp(), error + be32(0) + t.ip(proto_udp, t.datagram(closed_port))))};
     }},
    {"to the guest's MAC under another address", both, for_verdict,
     [](const Talk& t) -> Frames {
       End other = t.to;
       other.v4.back() = other.v6.back() = 77;
       return {t.towards(other).udp_frame(open_port)};
     }},
    {"a guest's address in a frame to everybody", both, for_verdict,
     [](const Talk& t) -> Frames {
       End all = t.to;
       all.mac = everybody;
       return {t.towards(all).udp_frame(closed_port)};
     }},
    {"a guest's address in a multicast frame", both, for_verdict,
     [](const Talk& t) -> Frames {
       End several = t.to;
       several.mac = multicast_end.mac;
       return {t.towards(several).udp_frame(closed_port)};
     }},
    {"multicast", both, for_verdict,
     [](const Talk& t) -> Frames { return {t.towards(multicast_end).udp_frame(closed_port)}; }},
    {"to all nodes", both, for_verdict,
     [](const Talk& t) -> Frames { return {t.towards(all_nodes).udp_frame(closed_port)}; }},
    {"broadcast", ip4, for_verdict,
     [](const Talk& t) -> Frames { return {t.towards(broadcast_end).udp_frame(closed_port)}; }},
    {"what only looks like DHCP", both, for_verdict | for_service,
     [](const Talk& t) -> Frames {
       const uint16_t client = t.family == 6 ? 546 : 68, server = t.family == 6 ? 547 : 67;
       return {t.frame(t.ip(proto_udp, udp(client, server, t.marks(4))))};
     }},
    {"what only looks like neighbour discovery: it came from afar", ip6, for_verdict | for_claim,
     [](const Talk& t) -> Frames {
       return {t.frame(t.ip(proto_icmpv6, Buffer{135, 0, 0, 0} + be32(0) + t.to.v6 + t.marks(2)))};
     }},
};

inline const Shape fragments[] = {
    {"a fragmented datagram", both, for_verdict,
     [](const Talk& t) { return t.pieces(proto_udp, t.datagram(closed_port, 6), {16, 32}); }},
    {"its later fragments first", both, for_verdict,
     [](const Talk& t) { return reversed(t.pieces(proto_udp, t.datagram(closed_port, 6), {16, 32})); }},
    {"a later fragment and never a first", both, because(VMOAT_HELD) | for_refused,
     [](const Talk& t) -> Frames { return {t.pieces(proto_udp, t.datagram(open_port, 4), {16})[1]}; }},
    {"a first fragment that cuts TCP's header", both, for_fragment,
     [](const Talk& t) -> Frames {
       return {t.padded(t.piece(proto_tcp, head(t.segment(open_port, syn), 8), 0, true))};
     }},
    {"a TCP fragment at offset 1", both, for_fragment,
     [](const Talk& t) -> Frames {
       const Buffer whole = t.segment(open_port, syn, 1000, t.marks(3));
       return {unmarked(t.frame(t.piece(proto_tcp, head(whole, 24), 0, true))),
               t.frame(t.piece(proto_tcp, t.marks(3), 8, false))};
     }},
    {"a second first fragment with other ports", both, for_fragment,
     [](const Talk& t) -> Frames {
       return {unmarked(t.frame(t.piece(proto_udp, t.datagram(open_port, 3), 0, true))),
               t.frame(t.piece(proto_udp, t.datagram(closed_port, 3), 0, true))};
     }},
    {"overlapping fragments", both, for_verdict,
     [](const Talk& t) -> Frames {
       const Buffer whole = t.datagram(closed_port, 6);
       return {t.frame(t.piece(proto_udp, head(whole, 24), 0, true)),
               t.frame(t.piece(proto_udp, t.marks(4), 16, false))};
     }},
    {"a datagram that ends behind the longest one", both, for_fragment,
     [](const Talk& t) -> Frames {
       return {unmarked(t.frame(t.piece(proto_udp, t.datagram(open_port, 3), 0, true))),
               t.frame(t.piece(proto_udp, t.marks(16), 65'528, false))};
     }},
    {"an atomic fragment", ip6, for_verdict,
     [](const Talk& t) -> Frames {
       return {t.frame(t.piece(proto_udp, t.datagram(closed_port), 0, false))};
     }},
    {"headers that are not complete in the first fragment", ip6, for_fragment | for_no_key, cut_chain},
    {"a first fragment of nothing but its header", ip6, for_fragment | for_no_key,
     [](const Talk& t) -> Frames { return {t.padded(t.piece(proto_udp, {}, 0, true))}; }},
    {"an echo request in fragments to somebody else", both, for_verdict,
     [](const Talk& t) {
       End other = t.to;
       other.v4.back() = other.v6.back() = 77;
       return t.towards(other).pieces(t.icmp(), t.echo(6), {16, 32});
     }},
};

/** Out of a guest they are claims, too: whose addresses they bear in their segment nobody has said. */
inline const Shape tags[] = {
    {"a VLAN tag", both, for_verdict | for_claim,
     [](const Talk& t) -> Frames { return {behind_tags(t, 0x8100, {100}, closed_port)}; }},
    {"a priority tag", both, for_verdict | for_claim,
     [](const Talk& t) -> Frames { return {behind_tags(t, 0x8100, {0xe000}, closed_port)}; }},
    {"QinQ", both, for_verdict | for_claim,
     [](const Talk& t) -> Frames { return {behind_tags(t, 0x88a8, {100, 200}, closed_port)}; }},
    {"QinQ of before its standard", both, for_verdict | for_claim,
     [](const Talk& t) -> Frames { return {behind_tags(t, 0x9100, {100, 200}, closed_port)}; }},
    {"two priority tags", both, for_verdict | for_claim | for_no_key,
     [](const Talk& t) -> Frames { return {behind_tags(t, 0x8100, {0, 0}, closed_port)}; }},
    {"three tags before what is allowed", both, for_no_key,
     [](const Talk& t) -> Frames { return {behind_tags(t, 0x8100, {100, 200, 300}, open_port)}; }},
    {"an EtherType for tags that nobody uses", both, for_no_key,
     [](const Talk& t) -> Frames { return {behind_tags(t, 0x9200, {100}, open_port)}; }},
    {"a tag and nothing behind it", ip4, for_no_key,
     [](const Talk& t) -> Frames { return {t.ether(0x8100, Buffer{0, 100, 0x88, 0xb5} + t.mark())}; }},
};

inline const Shape extensions[] = {
    {"hop-by-hop options", ip6, for_verdict,
     [](const Talk& t) { return behind(t, hop_by_hop, closed_port); }},
    {"destination options", ip6, for_verdict,
     [](const Talk& t) { return behind(t, destination, closed_port); }},
    {"a mobility header", ip6, for_verdict, [](const Talk& t) { return behind(t, 135, closed_port); }},
    {"a routing header of type 0", ip6, for_verdict,
     [](const Talk& t) -> Frames {
       return {t.frame(
           t.ip(routing, Buffer{proto_udp, 2, 0, 1, 0, 0, 0, 0} + t.from.v6 + t.datagram(closed_port)))};
     }},
    {"nine headers before what is allowed", ip6, for_no_key,
     [](const Talk& t) -> Frames {
       Buffer body = extended(proto_udp, t.datagram(open_port));
       for (int i = 0; i < 8; i++) body = extended(destination, body);
       return {t.frame(t.ip(destination, body))};
     }},
    {"a header longer than the packet", ip6, for_no_key,
     [](const Talk& t) -> Frames {
       return {t.frame(t.ip(destination, Buffer{proto_udp, 200, 1, 4, 0, 0, 0, 0} + t.datagram(open_port)))};
     }},
    {"no next header", ip6, for_verdict,
     [](const Talk& t) -> Frames { return {t.frame(t.ip(nothing, t.datagram(open_port)))}; }},
    {"an authentication header", both, for_verdict,
     [](const Talk& t) -> Frames {
       return {t.frame(
           t.ip(51, Buffer{proto_udp, 2, 0, 0} + be32(1) + be32(1) + be32(0) + t.datagram(open_port)))};
     }},
    {"options", ip4, for_verdict, [](const Talk& t) { return with_options(t, "01010101", closed_port); }},
    {"record route", ip4, for_verdict,
     [](const Talk& t) { return with_options(t, "070704 00000000 00", closed_port); }},
    {"router alert", ip4, for_verdict,
     [](const Talk& t) { return with_options(t, "94040000", closed_port); }},
    {"a loose source route", ip4, for_verdict,
     [](const Talk& t) { return with_options(t, "830704 0a090003 00", closed_port); }},
    {"a strict source route", ip4, for_verdict,
     [](const Talk& t) { return with_options(t, "890704 0a090003 00", closed_port); }},
    {"forty bytes of options", ip4, for_verdict,
     [](const Talk& t) -> Frames { return {t.udp_frame(closed_port, {.options = Buffer(40, 1)})}; }},
};

inline const Shape tunnels[] = {
    {"GRE", both, for_verdict,
     [](const Talk& t) -> Frames {
       return {t.frame(t.ip(proto_gre, be16(0) + be16(t.ethertype()) + inner_packet(t)))};
     }},
    {"Ethernet in GRE", both, for_verdict,
     [](const Talk& t) -> Frames {
       return {t.frame(t.ip(proto_gre, be16(0) + be16(0x6558) + t.udp_frame(closed_port)))};
     }},
    {"IP in IP", both, for_verdict,
     [](const Talk& t) -> Frames {
       return {t.frame(t.ip(t.family == 6 ? proto_ipv6 : proto_ipip, inner_packet(t)))};
     }},
    {"IPv6 in IPv4", ip4, for_verdict,
     [](const Talk& t) -> Frames {
       const Talk inner = {t.from, t.to, 6, t.number};
       return {t.frame(t.ip(proto_ipv6, inner_packet(inner)))};
     }},
    {"VXLAN", both, for_verdict,
     [](const Talk& t) -> Frames { return {t.frame(udp_in(t, 4789, hex("08000000 00006400")))}; }},
    {"VXLAN of Linux before its standard", both, for_verdict,
     [](const Talk& t) -> Frames { return {t.frame(udp_in(t, 8472, hex("08000000 00006400")))}; }},
    {"Geneve", both, for_verdict,
     [](const Talk& t) -> Frames { return {t.frame(udp_in(t, 6081, hex("00006558 00006400")))}; }},
    {"Teredo", ip4, for_verdict,
     [](const Talk& t) -> Frames {
       const Talk inner = {t.from, t.to, 6, t.number};
       return {t.frame(t.ip(proto_udp, udp(t.port(), 3544, inner_packet(inner))))};
     }},
};

}  // namespace vmoat::test
