// For tests: frames that no good stack sends: odd TCP, odd EtherTypes and lengths, claims of what is
// another's, services that a guest must not offer.
#pragma once

#include "engine/bypass_shapes.h"

namespace vmoat::test {

/** One segment to the port that no rule allows. */
template <uint8_t flags>
Frames empty(const Talk& t) {
  return {t.frame(t.ip(proto_tcp, t.segment(closed_port, flags)))};
}
template <uint8_t flags>
Frames with_data(const Talk& t) {
  return {t.frame(t.ip(proto_tcp, t.segment(closed_port, flags, 1000, t.mark())))};
}

inline const Shape connections[] = {
    {"in the middle of a connection", both, for_verdict, with_data<ack | psh>},
    {"an answer to no question", both, for_verdict, empty<syn | ack>},
    {"a SYN with data", both, for_verdict, with_data<syn>},
    {"SYN and FIN", both, for_verdict, empty<syn | fin>},
    {"SYN and RST", both, for_verdict, empty<syn | rst>},
    {"no flags", both, for_verdict, with_data<0>},
    {"all flags", both, for_verdict, with_data<0xff>},
    {"a FIN", both, for_verdict, empty<fin | ack>},
    {"a reset with data", both, for_verdict, with_data<rst>},
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

inline const Shape ethertypes[] = {
    {"an EtherType for experiments", ip4, for_no_key,
     [](const Talk& t) -> Frames { return {t.ether(0x88b5, t.marks(8))}; }},
    {"LLC and SNAP before IP", both, for_no_key,
     [](const Talk& t) -> Frames {
       const Buffer body =
           hex("aaaa03 000000") + be16(t.ethertype()) + t.ip(proto_udp, t.datagram(open_port));
       return {t.ether(static_cast<uint16_t>(body.size()), body)};
     }},
    {"a bridge's protocol data unit", ip4, for_no_key,
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
    {"MACsec", ip4, for_no_key,
     [](const Talk& t) -> Frames { return {t.ether(0x88e5, hex("2c000000 0001") + t.marks(6))}; }},
    {"EAPOL", ip4, for_no_key,
     [](const Talk& t) -> Frames { return {t.ether(0x888e, hex("02010000") + t.marks(5))}; }},
    {"LLDP", ip4, for_no_key, [](const Talk& t) -> Frames { return {t.ether(0x88cc, t.marks(6))}; }},
    {"Wake-on-LAN", ip4, for_no_key,
     [](const Talk& t) -> Frames { return {t.ether(0x0842, Buffer(6, 0xff) + t.marks(6))}; }},
    {"IPX", ip4, for_no_key, [](const Talk& t) -> Frames { return {t.ether(0x8137, t.marks(6))}; }},
    {"IPv6 under IPv4's EtherType", ip6, for_no_key,
     [](const Talk& t) -> Frames { return {t.ether(0x0800, t.ip(proto_udp, t.datagram(open_port)))}; }},
    {"IPv4 under IPv6's EtherType", ip4, for_no_key,
     [](const Talk& t) -> Frames { return {t.ether(0x86dd, t.ip(proto_udp, t.datagram(open_port)))}; }},
};

inline const Shape lengths[] = {
    {"a packet that ends in its header", both, for_no_key,
     [](const Talk& t) -> Frames { return {t.frame(head(t.ip(proto_udp, {}), 4) + t.mark())}; }},
    {"a total length within the header", ip4, for_no_key,
     [](const Talk& t) -> Frames { return {t.udp_frame(open_port, {.length_error = -26})}; }},
    {"a total length that ends before the port", ip4, for_verdict | for_no_key,
     [](const Talk& t) -> Frames { return {t.udp_frame(open_port, {.length_error = -14})}; }},
    {"a length that ends in the transport's header", both, for_verdict,
     [](const Talk& t) -> Frames { return {t.udp_frame(closed_port, {.length_error = -12})}; }},
    {"a length beyond the frame", both, for_verdict | for_no_key,
     [](const Talk& t) -> Frames { return {t.udp_frame(closed_port, {.length_error = 100})}; }},
    {"a length of zero", both, for_verdict | for_no_key,
     [](const Talk& t) -> Frames {
       return {t.udp_frame(closed_port, {.length_error = t.family == 6 ? -16 : -36})};
     }},
    {"a header length of four words", ip4, for_no_key,
     [](const Talk& t) -> Frames {
       Buffer packet = t.ip(proto_udp, t.datagram(open_port));
       packet[0] = 0x44;
       return {t.frame(packet)};
     }},
    {"a header longer than the packet", ip4, for_no_key,
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
    {"a jumbogram that is none", ip6, for_verdict | for_no_key,
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
    {"Ethernet and nothing else", ip4, for_no_key,
     [](const Talk& t) -> Frames { return {t.frame({}) + t.mark()}; }},
    {"as long as a frame may be", both, for_verdict,
     [](const Talk& t) -> Frames {
       return {t.frame(t.ip(proto_udp, t.datagram(closed_port, t.family == 6 ? 181 : 184)))};
     }},
};

inline End somebody(const Talk& t) {
  End other = t.from;
  other.mac.back() ^= 0x55;
  other.v4.back() = other.v6.back() = 77;
  return other;
}

/** ARP, or RARP: who has which address; the mark stands where Ethernet pads. */
inline Buffer arp_of(const Talk& t, uint16_t type, uint16_t operation, const Mac& mac,
                     const Buffer& address) {
  const Buffer from(mac.begin(), mac.end()), to(t.to.mac.begin(), t.to.mac.end());
  return t.ether(type, hex("0001 0800 06 04") + be16(operation) + from + address + to + t.to.v4) + t.mark();
}

/** Neighbour discovery, with an option that holds the mark. */
inline Buffer ndp(const Talk& t, uint8_t type, const Buffer& body) {
  const Buffer message = Buffer{type, 0, 0, 0} + be32(0) + body + Buffer{253, 2} + t.mark() + Buffer(6, 0);
  return t.frame(t.ip(proto_icmpv6, message, {.hops = 255}));
}

/** From a server to a client that did not ask. */
inline Buffer dhcp_offer(const Talk& t) {
  if (t.family == 6) return t.frame(t.ip(proto_udp, udp(547, 546, Buffer{2, 0, 0, 1} + t.marks(2))));
  const Buffer head = hex("02010600") + be32(7) + Buffer(20, 0) + Buffer(10, 0) + Buffer(192, 0);
  return t.frame(t.ip(proto_udp, udp(67, 68, head + t.mark() + Buffer(2, 0) + hex("63825363 350102 ff"))));
}

/** What a guest says of itself, and what it would serve. */
inline const Shape claims[] = {
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
    {"an ARP answer for another's address", ip4, for_claim,
     [](const Talk& t) -> Frames { return {arp_of(t, 0x0806, 2, t.from.mac, somebody(t).v4)}; }},
    {"an ARP request under another's address", ip4, for_claim,
     [](const Talk& t) -> Frames { return {arp_of(t, 0x0806, 1, t.from.mac, t.to.v4)}; }},
    {"an ARP answer with another's MAC", ip4, for_claim,
     [](const Talk& t) -> Frames { return {arp_of(t, 0x0806, 2, somebody(t).mac, t.from.v4)}; }},
    {"RARP for another's MAC", ip4, for_claim,
     [](const Talk& t) -> Frames { return {arp_of(t, 0x8035, 3, somebody(t).mac, {0, 0, 0, 0})}; }},
    {"a neighbour advertisement for another's address", ip6, for_claim,
     [](const Talk& t) -> Frames { return {ndp(t, 136, somebody(t).v6)}; }},
    {"a neighbour solicitation under another's address", ip6, for_claim,
     [](const Talk& t) -> Frames {
       End other = somebody(t);
       other.mac = t.from.mac;
       return {ndp(t.as(other), 135, t.to.v6)};
     }},
    {"a router advertisement", ip6, for_service,
     [](const Talk& t) -> Frames { return {ndp(t, 134, Buffer(8, 0))}; }},
    {"a redirect", ip6, for_service,
     [](const Talk& t) -> Frames { return {ndp(t, 137, t.to.v6 + t.from.v6)}; }},
    {"a DHCP offer", both, for_service, [](const Talk& t) -> Frames { return {dhcp_offer(t)}; }},
};

}  // namespace vmoat::test
