// Frames in every shape that might slip past a guard: what no rule allows never arrives, whatever it looks
// like, and is counted under its reason; the same shapes arrive where a rule allows them.
#include "engine/bypass_rig.h"

namespace vmoat::test {
namespace {

enum Families : uint8_t { v4 = 1, v6 = 2, both = 3 };

/** Frames that bear the mark, of which none arrives; other ones only prepare the ground. */
struct Shape {
  const char* name;
  Families families;
  Causes causes;
  std::vector<Buffer> (*frames)(const Talk&);
};
using Frames = std::vector<Buffer>;

Buffer head(Buffer bytes, size_t size) {
  bytes.resize(size);
  return bytes;
}

/** It may arrive. */
Buffer unmarked(Buffer frame) {
  const Buffer magic = text("vmBP");
  const auto at = std::search(frame.begin(), frame.end(), magic.begin(), magic.end());
  std::fill(at, frame.end(), 0);
  return frame;
}

Frames reversed(Frames frames) {
  std::ranges::reverse(frames);
  return frames;
}

/** What GRE and its like carry: a datagram between the same ends. */
Buffer inner_packet(const Talk& t) {
  return t.ip(proto_udp, t.datagram(closed_port));
}

Buffer udp_in(const Talk& t, uint16_t port, const Buffer& header) {
  return t.ip(proto_udp, udp(t.port(), port, header + t.udp_frame(closed_port)));
}

/** IPv6: a packet to the port behind one extension header. */
Frames behind(const Talk& t, uint8_t header, uint16_t port) {
  return {t.frame(t.ip(header, extended(proto_udp, t.datagram(port))))};
}

Frames with_options(const Talk& t, const char* options, uint16_t port) {
  return {t.udp_frame(port, {.options = hex(options)})};
}

Buffer behind_tags(const Talk& t, uint16_t outer_type, std::vector<uint16_t> ids, uint16_t port) {
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
Frames cut_chain(const Talk& t) {
  const Buffer whole = extended(proto_udp, t.datagram(open_port, 2));
  return {t.padded(t.piece(destination, head(whole, 8), 0, true))};
}

const Shape plain[] = {
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
    {"an ICMP timestamp", v4, for_verdict,
     [](const Talk& t) -> Frames {
       return {t.frame(t.ip(proto_icmp, Buffer{13, 0, 0, 0} + be32(1) + t.marks(2)))};
     }},
    {"a node information query", v6, for_verdict,
     [](const Talk& t) -> Frames {
       return {t.frame(t.ip(proto_icmpv6, Buffer{139, 0, 0, 0} + be32(1) + t.marks(2)))};
     }},
    {"an ICMP timestamp reply that nobody asked for", v4, for_verdict,
     [](const Talk& t) -> Frames {
       return {t.frame(t.ip(proto_icmp, Buffer{14, 0, 0, 0} + be16(t.port()) + be16(1) + t.marks(2)))};
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
    {"broadcast", v4, for_verdict,
     [](const Talk& t) -> Frames { return {t.towards(broadcast_end).udp_frame(closed_port)}; }},
    {"what only looks like DHCP", both, for_verdict | for_service,
     [](const Talk& t) -> Frames {
       const uint16_t client = t.family == 6 ? 546 : 68, server = t.family == 6 ? 547 : 67;
       return {t.frame(t.ip(proto_udp, udp(client, server, t.marks(4))))};
     }},
    {"what only looks like neighbour discovery: it came from afar", v6, for_verdict | for_claim,
     [](const Talk& t) -> Frames {
       return {t.frame(t.ip(proto_icmpv6, Buffer{135, 0, 0, 0} + be32(0) + t.to.v6 + t.marks(2)))};
     }},
};

const Shape fragments[] = {
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
    {"an atomic fragment", v6, for_verdict,
     [](const Talk& t) -> Frames {
       return {t.frame(t.piece(proto_udp, t.datagram(closed_port), 0, false))};
     }},
    {"headers that are not complete in the first fragment", v6, for_fragment | for_no_key, cut_chain},
    {"a first fragment of nothing but its header", v6, for_fragment | for_no_key,
     [](const Talk& t) -> Frames { return {t.padded(t.piece(proto_udp, {}, 0, true))}; }},
    {"an echo request in fragments to somebody else", both, for_verdict,
     [](const Talk& t) {
       End other = t.to;
       other.v4.back() = other.v6.back() = 77;
       return t.towards(other).pieces(t.icmp(), t.echo(6), {16, 32});
     }},
};

/** Out of a guest they are claims, too: whose addresses they bear in their segment nobody has said. */
const Shape tags[] = {
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
    {"a tag and nothing behind it", v4, for_no_key,
     [](const Talk& t) -> Frames { return {t.ether(0x8100, Buffer{0, 100, 0x88, 0xb5} + t.mark())}; }},
};

const Shape extensions[] = {
    {"hop-by-hop options", v6, for_verdict, [](const Talk& t) { return behind(t, hop_by_hop, closed_port); }},
    {"destination options", v6, for_verdict,
     [](const Talk& t) { return behind(t, destination, closed_port); }},
    {"a mobility header", v6, for_verdict, [](const Talk& t) { return behind(t, 135, closed_port); }},
    {"a routing header of type 0", v6, for_verdict,
     [](const Talk& t) -> Frames {
       return {t.frame(
           t.ip(routing, Buffer{proto_udp, 2, 0, 1, 0, 0, 0, 0} + t.from.v6 + t.datagram(closed_port)))};
     }},
    {"nine headers before what is allowed", v6, for_no_key,
     [](const Talk& t) -> Frames {
       Buffer body = extended(proto_udp, t.datagram(open_port));
       for (int i = 0; i < 8; i++) body = extended(destination, body);
       return {t.frame(t.ip(destination, body))};
     }},
    {"a header longer than the packet", v6, for_no_key,
     [](const Talk& t) -> Frames {
       return {t.frame(t.ip(destination, Buffer{proto_udp, 200, 1, 4, 0, 0, 0, 0} + t.datagram(open_port)))};
     }},
    {"no next header", v6, for_verdict,
     [](const Talk& t) -> Frames { return {t.frame(t.ip(nothing, t.datagram(open_port)))}; }},
    {"an authentication header", both, for_verdict,
     [](const Talk& t) -> Frames {
       return {t.frame(
           t.ip(51, Buffer{proto_udp, 2, 0, 0} + be32(1) + be32(1) + be32(0) + t.datagram(open_port)))};
     }},
    {"options", v4, for_verdict, [](const Talk& t) { return with_options(t, "01010101", closed_port); }},
    {"record route", v4, for_verdict,
     [](const Talk& t) { return with_options(t, "070704 00000000 00", closed_port); }},
    {"router alert", v4, for_verdict, [](const Talk& t) { return with_options(t, "94040000", closed_port); }},
    {"a loose source route", v4, for_verdict,
     [](const Talk& t) { return with_options(t, "830704 0a090003 00", closed_port); }},
    {"a strict source route", v4, for_verdict,
     [](const Talk& t) { return with_options(t, "890704 0a090003 00", closed_port); }},
    {"forty bytes of options", v4, for_verdict,
     [](const Talk& t) -> Frames { return {t.udp_frame(closed_port, {.options = Buffer(40, 1)})}; }},
};

const Shape tunnels[] = {
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
    {"IPv6 in IPv4", v4, for_verdict,
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
    {"Teredo", v4, for_verdict,
     [](const Talk& t) -> Frames {
       const Talk inner = {t.from, t.to, 6, t.number};
       return {t.frame(t.ip(proto_udp, udp(t.port(), 3544, inner_packet(inner))))};
     }},
};

const Shape connections[] = {
    {"in the middle of a connection", both, for_verdict,
     [](const Talk& t) -> Frames {
       return {t.frame(t.ip(proto_tcp, t.segment(closed_port, ack | psh, 1000, t.mark())))};
     }},
    {"an answer to no question", both, for_verdict,
     [](const Talk& t) -> Frames { return {t.frame(t.ip(proto_tcp, t.segment(closed_port, syn | ack)))}; }},
    {"a SYN with data", both, for_verdict,
     [](const Talk& t) -> Frames {
       return {t.frame(t.ip(proto_tcp, t.segment(closed_port, syn, 1000, t.mark())))};
     }},
    {"SYN and FIN", both, for_verdict,
     [](const Talk& t) -> Frames { return {t.frame(t.ip(proto_tcp, t.segment(closed_port, syn | fin)))}; }},
    {"SYN and RST", both, for_verdict,
     [](const Talk& t) -> Frames { return {t.frame(t.ip(proto_tcp, t.segment(closed_port, syn | rst)))}; }},
    {"no flags", both, for_verdict,
     [](const Talk& t) -> Frames {
       return {t.frame(t.ip(proto_tcp, t.segment(closed_port, 0, 1000, t.mark())))};
     }},
    {"all flags", both, for_verdict,
     [](const Talk& t) -> Frames {
       return {t.frame(t.ip(proto_tcp, t.segment(closed_port, 0xff, 1000, t.mark())))};
     }},
    {"a FIN", both, for_verdict,
     [](const Talk& t) -> Frames { return {t.frame(t.ip(proto_tcp, t.segment(closed_port, fin | ack)))}; }},
    {"a reset with data", both, for_verdict,
     [](const Talk& t) -> Frames {
       return {t.frame(t.ip(proto_tcp, t.segment(closed_port, rst, 1000, t.mark())))};
     }},
    {"the same bytes again, and others in their place", both, for_verdict,
     [](const Talk& t) -> Frames {
       return {t.frame(t.ip(proto_tcp, t.segment(closed_port, syn))),
               t.frame(t.ip(proto_tcp, t.segment(closed_port, ack | psh, 1001, t.marks(2)))),
               t.frame(t.ip(proto_tcp, t.segment(closed_port, ack | psh, 1001, t.mark() + text("others."))))};
     }},
    {"from the port that is open", both, for_verdict,
     [](const Talk& t) -> Frames {
       return {t.frame(t.ip(proto_tcp, tcp(open_port, closed_port, 1000, 0, syn, t.mark())))};
     }},
};

const Shape ethertypes[] = {
    {"an EtherType for experiments", v4, for_no_key,
     [](const Talk& t) -> Frames { return {t.ether(0x88b5, t.marks(8))}; }},
    {"LLC and SNAP before IP", both, for_no_key,
     [](const Talk& t) -> Frames {
       const Buffer body =
           hex("aaaa03 000000") + be16(t.ethertype()) + t.ip(proto_udp, t.datagram(open_port));
       return {t.ether(static_cast<uint16_t>(body.size()), body)};
     }},
    {"a bridge's protocol data unit", v4, for_no_key,
     [](const Talk& t) -> Frames { return {t.ether(38, hex("424203") + Buffer(35, 0) + t.mark())}; }},
    {"PPPoE", both, for_no_key,
     [](const Talk& t) -> Frames {
       const Buffer packet = t.ip(proto_udp, t.datagram(open_port));
       return {t.ether(
           0x8864, hex("11000001") + be16(packet.size() + 2) + be16(t.family == 6 ? 0x57 : 0x21) + packet)};
     }},
    {"MPLS", both, for_no_key,
     [](const Talk& t) -> Frames {
       return {t.ether(0x8847, hex("00064140") + t.ip(proto_udp, t.datagram(open_port)))};
     }},
    {"MACsec", v4, for_no_key,
     [](const Talk& t) -> Frames { return {t.ether(0x88e5, hex("2c000000 0001") + t.marks(6))}; }},
    {"EAPOL", v4, for_no_key,
     [](const Talk& t) -> Frames { return {t.ether(0x888e, hex("02010000") + t.marks(5))}; }},
    {"LLDP", v4, for_no_key, [](const Talk& t) -> Frames { return {t.ether(0x88cc, t.marks(6))}; }},
    {"Wake-on-LAN", v4, for_no_key,
     [](const Talk& t) -> Frames { return {t.ether(0x0842, Buffer(6, 0xff) + t.marks(6))}; }},
    {"IPX", v4, for_no_key, [](const Talk& t) -> Frames { return {t.ether(0x8137, t.marks(6))}; }},
    {"IPv6 under IPv4's EtherType", v6, for_no_key,
     [](const Talk& t) -> Frames { return {t.ether(0x0800, t.ip(proto_udp, t.datagram(open_port)))}; }},
    {"IPv4 under IPv6's EtherType", v4, for_no_key,
     [](const Talk& t) -> Frames { return {t.ether(0x86dd, t.ip(proto_udp, t.datagram(open_port)))}; }},
};

const Shape lengths[] = {
    {"a packet that ends in its header", both, for_no_key,
     [](const Talk& t) -> Frames { return {t.frame(head(t.ip(proto_udp, {}), 4) + t.mark())}; }},
    {"a total length within the header", v4, for_no_key,
     [](const Talk& t) -> Frames { return {t.udp_frame(open_port, {.length_error = -26})}; }},
    {"a total length that ends before the port", v4, for_verdict | for_no_key,
     [](const Talk& t) -> Frames { return {t.udp_frame(open_port, {.length_error = -14})}; }},
    {"a length that ends in the transport's header", both, for_verdict,
     [](const Talk& t) -> Frames { return {t.udp_frame(closed_port, {.length_error = -12})}; }},
    {"a length beyond the frame", both, for_verdict | for_no_key,
     [](const Talk& t) -> Frames { return {t.udp_frame(closed_port, {.length_error = 100})}; }},
    {"a length of zero", both, for_verdict | for_no_key,
     [](const Talk& t) -> Frames {
       return {t.udp_frame(closed_port, {.length_error = t.family == 6 ? -16 : -36})};
     }},
    {"a header length of four words", v4, for_no_key,
     [](const Talk& t) -> Frames {
       Buffer packet = t.ip(proto_udp, t.datagram(open_port));
       packet[0] = 0x44;
       return {t.frame(packet)};
     }},
    {"a header longer than the packet", v4, for_no_key,
     [](const Talk& t) -> Frames {
       Buffer packet = t.ip(proto_udp, t.datagram(open_port));
       packet[0] = 0x4f;
       return {t.frame(packet)};
     }},
    {"version 5", both, for_no_key,
     [](const Talk& t) -> Frames {
       Buffer packet = t.ip(proto_udp, t.datagram(open_port));
       packet[0] = static_cast<uint8_t>(0x50 | (packet[0] & 15));
       return {t.frame(packet)};
     }},
    {"UDP longer than its packet", both, for_verdict,
     [](const Talk& t) -> Frames {
       Buffer body = t.datagram(closed_port);
       body[4] = 0x7f;
       return {t.frame(t.ip(proto_udp, body))};
     }},
    {"TCP's header shorter than it can be", both, for_verdict,
     [](const Talk& t) -> Frames {
       Buffer body = t.segment(closed_port, syn, 1000, t.mark());
       body[12] = 0x10;
       return {t.frame(t.ip(proto_tcp, body))};
     }},
    {"TCP's header longer than its packet", both, for_verdict,
     [](const Talk& t) -> Frames {
       Buffer body = t.segment(closed_port, syn, 1000, t.mark());
       body[12] = 0xf0;
       return {t.frame(t.ip(proto_tcp, body))};
     }},
    {"a jumbogram that is none", v6, for_verdict | for_no_key,
     [](const Talk& t) -> Frames {
       const Buffer body = Buffer{proto_udp, 0, 0xc2, 4} + be32(70'000) + t.datagram(closed_port);
       return {t.frame(t.ip(hop_by_hop, body, {.length_error = -static_cast<int>(body.size())}))};
     }},
    {"a wrong checksum", both, for_verdict,
     [](const Talk& t) -> Frames {
       Buffer body = t.datagram(closed_port);
       body[6] ^= 0x55;
       return {t.frame(t.ip(proto_udp, body, {.bad_checksum = true}))};
     }},
    {"no hops left", both, for_verdict,
     [](const Talk& t) -> Frames { return {t.udp_frame(closed_port, {.hops = 0})}; }},
    {"Ethernet and nothing else", v4, for_no_key,
     [](const Talk& t) -> Frames { return {t.frame({}) + t.mark()}; }},
    {"as long as a frame may be", both, for_verdict,
     [](const Talk& t) -> Frames {
       return {t.frame(t.ip(proto_udp, t.datagram(closed_port, t.family == 6 ? 181 : 184)))};
     }},
};

End somebody(const Talk& t) {
  End other = t.from;
  other.mac.back() ^= 0x55;
  other.v4.back() = other.v6.back() = 77;
  return other;
}

/** ARP, or RARP: who has which address; the mark stands where Ethernet pads. */
Buffer arp_of(const Talk& t, uint16_t type, uint16_t operation, const Mac& mac, const Buffer& address) {
  const Buffer from(mac.begin(), mac.end()), to(t.to.mac.begin(), t.to.mac.end());
  return t.ether(type, hex("0001 0800 06 04") + be16(operation) + from + address + to + t.to.v4) + t.mark();
}

/** Neighbour discovery, with an option that holds the mark. */
Buffer ndp(const Talk& t, uint8_t type, const Buffer& body) {
  const Buffer message = Buffer{type, 0, 0, 0} + be32(0) + body + Buffer{253, 2} + t.mark() + Buffer(6, 0);
  return t.frame(t.ip(proto_icmpv6, message, {.hops = 255}));
}

/** From a server to a client that did not ask. */
Buffer dhcp_offer(const Talk& t) {
  if (t.family == 6) return t.frame(t.ip(proto_udp, udp(547, 546, Buffer{2, 0, 0, 1} + t.marks(2))));
  const Buffer head = hex("02010600") + be32(7) + Buffer(20, 0) + Buffer(10, 0) + Buffer(192, 0);
  return t.frame(t.ip(proto_udp, udp(67, 68, head + t.mark() + Buffer(2, 0) + hex("63825363 350102 ff"))));
}

/** What a guest says of itself, and what it would serve. */
const Shape claims[] = {
    {"another MAC", both, for_claim,
     [](const Talk& t) -> Frames {
       End other = t.from;
       other.mac = somebody(t).mac;
       return {t.as(other).udp_frame(open_port)};
     }},
    {"another address", both, for_claim,
     [](const Talk& t) -> Frames {
       End other = somebody(t);
       other.mac = t.from.mac;
       return {t.as(other).udp_frame(open_port)};
     }},
    {"the receiver's own address", both, for_claim,
     [](const Talk& t) -> Frames {
       End other = t.to;
       other.mac = t.from.mac;
       return {t.as(other).udp_frame(open_port)};
     }},
    {"an ARP answer for another's address", v4, for_claim,
     [](const Talk& t) -> Frames { return {arp_of(t, 0x0806, 2, t.from.mac, somebody(t).v4)}; }},
    {"an ARP request under another's address", v4, for_claim,
     [](const Talk& t) -> Frames { return {arp_of(t, 0x0806, 1, t.from.mac, t.to.v4)}; }},
    {"an ARP answer with another's MAC", v4, for_claim,
     [](const Talk& t) -> Frames { return {arp_of(t, 0x0806, 2, somebody(t).mac, t.from.v4)}; }},
    {"RARP for another's MAC", v4, for_claim,
     [](const Talk& t) -> Frames { return {arp_of(t, 0x8035, 3, somebody(t).mac, {0, 0, 0, 0})}; }},
    {"a neighbour advertisement for another's address", v6, for_claim,
     [](const Talk& t) -> Frames { return {ndp(t, 136, somebody(t).v6)}; }},
    {"a neighbour solicitation under another's address", v6, for_claim,
     [](const Talk& t) -> Frames {
       End other = somebody(t);
       other.mac = t.from.mac;
       return {ndp(t.as(other), 135, t.to.v6)};
     }},
    {"a router advertisement", v6, for_service,
     [](const Talk& t) -> Frames { return {ndp(t, 134, Buffer(8, 0))}; }},
    {"a redirect", v6, for_service,
     [](const Talk& t) -> Frames { return {ndp(t, 137, t.to.v6 + t.from.v6)}; }},
    {"a DHCP offer", both, for_service, [](const Talk& t) -> Frames { return {dhcp_offer(t)}; }},
};

/** What legitimate traffic may look like. */
const Shape allowed[] = {
    {"a datagram", both, none, [](const Talk& t) -> Frames { return {t.udp_frame(open_port)}; }},
    {"a connection", both, none,
     [](const Talk& t) -> Frames { return {t.frame(t.ip(proto_tcp, t.segment(open_port, syn)))}; }},
    {"in the middle of a connection", both, none,
     [](const Talk& t) -> Frames {
       return {t.frame(t.ip(proto_tcp, t.segment(open_port, ack | psh, 1000, t.mark())))};
     }},
    {"an echo request", both, none,
     [](const Talk& t) -> Frames { return {t.frame(t.ip(t.icmp(), t.echo(4)))}; }},
    {"a fragmented datagram", both, none,
     [](const Talk& t) { return t.pieces(proto_udp, t.datagram(open_port, 6), {16, 32}); }},
    {"its later fragments first", both, none,
     [](const Talk& t) { return reversed(t.pieces(proto_udp, t.datagram(open_port, 6), {16, 32})); }},
    {"a fragmented segment", both, none,
     [](const Talk& t) {
       return t.pieces(proto_tcp, t.segment(open_port, ack | psh, 1000, text("1234") + t.marks(8)), {32, 64});
     }},
    {"a large echo request in fragments", both, none,
     [](const Talk& t) { return t.pieces(t.icmp(), t.echo(500), {1400, 2800}); }},
    {"an atomic fragment", v6, none,
     [](const Talk& t) -> Frames { return {t.frame(t.piece(proto_udp, t.datagram(open_port), 0, false))}; }},
    {"a priority tag", both, none,
     [](const Talk& t) -> Frames { return {behind_tags(t, 0x8100, {0xe000}, open_port)}; }},
    {"hop-by-hop options", v6, none, [](const Talk& t) { return behind(t, hop_by_hop, open_port); }},
    {"destination options", v6, none, [](const Talk& t) { return behind(t, destination, open_port); }},
    {"options", v4, none, [](const Talk& t) { return with_options(t, "94040000", open_port); }},
    {"padding behind the packet", both, none,
     [](const Talk& t) -> Frames { return {t.udp_frame(open_port) + Buffer(18, 0)}; }},
    {"one hop left", both, none,
     [](const Talk& t) -> Frames { return {t.udp_frame(open_port, {.hops = 1})}; }},
    {"as long as a frame may be", both, none,
     [](const Talk& t) -> Frames {
       return {t.frame(t.ip(proto_udp, t.datagram(open_port, t.family == 6 ? 181 : 184)))};
     }},
    {"multicast", both, none,
     [](const Talk& t) -> Frames { return {t.towards(multicast_end).udp_frame(many_port)}; }},
    {"multicast in fragments", both, none,
     [](const Talk& t) {
       return t.towards(multicast_end)
           .pieces(proto_udp, t.towards(multicast_end).datagram(many_port, 6), {24});
     }},
    {"broadcast", v4, none,
     [](const Talk& t) -> Frames { return {t.towards(broadcast_end).udp_frame(many_port)}; }},
};

/** Who is at the far end of a guest's own tagged frames nobody has said: theirs is another segment. */
const Shape allowed_in[] = {
    {"a VLAN tag", both, none,
     [](const Talk& t) -> Frames { return {behind_tags(t, 0x8100, {100}, open_port)}; }},
    {"QinQ", both, none,
     [](const Talk& t) -> Frames { return {behind_tags(t, 0x88a8, {100, 200}, open_port)}; }},
};

size_t marked(const Frames& frames, const Talk& talk) {
  const Buffer mark = talk.mark();
  return static_cast<size_t>(
      std::ranges::count_if(frames, [&](const Buffer& f) { return !std::ranges::search(f, mark).empty(); }));
}

/** Passes nothing of it; what it was stays for a last look when everything is over. */
/** Of which nothing may arrive, also not later. */
struct Tried {
  Talk talk;
  vmoat_way way;
  const Shape* shape;
};

/** Between guests that nobody guards all of it arrives: the mark can be heard, and no bridge is in the way.
 */
void control(BypassRig& rig, const Shape& shape, int family) {
  const Talk talk = {rig.c, rig.a, family, ++rig.talks};
  const Frames frames = shape.frames(talk);
  rig.card_c.send(frames);
  CHECK_MESSAGE(BypassRig::arrives(rig.card_a, talk, marked(frames, talk)), "unguarded, ",
                rig.card_a.heard(talk));
}

Tried try_shape(BypassRig& rig, const Shape& shape, vmoat_way way, int family) {
  const Talk talk = rig.talk(way, family);
  const Frames frames = shape.frames(talk);
  const size_t bad = marked(frames, talk);
  REQUIRE(bad > 0);
  const uint64_t before = rig.counted(way, shape.causes);
  rig.sender(way).send(frames);
  CHECK(rig.alive(way, family));
  CHECK(rig.receiver(way).heard(talk) == 0);
  CHECK_MESSAGE(rig.counts(way, shape.causes, before + bad), "counted ",
                rig.counted(way, shape.causes) - before, " of ", bad);
  return {talk, way, &shape};
}

void try_allowed(BypassRig& rig, const Shape& shape, vmoat_way way, int family) {
  const Talk talk = rig.talk(way, family);
  const Frames frames = shape.frames(talk);
  rig.sender(way).send(frames);
  (void)BypassRig::arrives(rig.receiver(way), talk, frames.size(), 1000);
  CHECK(rig.receiver(way).heard(talk) == frames.size());
}

template <class Try>
void each(std::span<const Shape> shapes, std::initializer_list<vmoat_way> ways, Try attempt) {
  for (const Shape& shape : shapes)
    for (const int family : {4, 6})
      for (const vmoat_way way : ways) {
        const std::string what = std::string(shape.name) + ", IPv" + std::to_string(family) +
                                 (way == VMOAT_TO_NIC ? ", to the guest" : ", from the guest");
        CAPTURE(what);
        if (shape.families & (family == 4 ? v4 : v6)) attempt(shape, way, family);
      }
}

constexpr std::initializer_list<vmoat_way> in_and_out = {VMOAT_TO_NIC, VMOAT_FROM_NIC},
                                           in_only = {VMOAT_TO_NIC}, out_only = {VMOAT_FROM_NIC};

void none_passes(BypassRig& rig, std::span<const Shape> shapes,
                 std::initializer_list<vmoat_way> ways = in_and_out) {
  std::vector<Tried> tried;
  each(shapes, ways, [&](const Shape& shape, vmoat_way way, int family) {
    control(rig, shape, family);
    tried.push_back(try_shape(rig, shape, way, family));
  });
  ::usleep(300'000);
  for (const Tried& t : tried) {
    const std::string what = t.shape->name;
    CAPTURE(what);
    CHECK(rig.receiver(t.way).heard(t.talk) == 0);
  }
}

}  // namespace

TEST_CASE("bypass: no shape passes that no rule allows") {
  each_bypass([](BypassRig& rig) {
    for (const auto shapes : std::initializer_list<std::span<const Shape>>{
             plain, fragments, tags, extensions, tunnels, connections, ethertypes, lengths})
      none_passes(rig, shapes);
    none_passes(rig, claims, out_only);
  });
}

TEST_CASE("bypass: the same shapes arrive where a rule allows them") {
  each_bypass([](BypassRig& rig) {
    const auto arrives = [&](const Shape& shape, vmoat_way way, int family) {
      try_allowed(rig, shape, way, family);
    };
    each(allowed, in_and_out, arrives);
    each(allowed_in, in_only, arrives);
  });
}
}  // namespace vmoat::test
