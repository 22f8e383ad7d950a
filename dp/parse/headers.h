// The parsers of single headers. Each takes the bytes from its header on, writes what it read into the Packet
// and says what follows; a header that cannot be read names an anomaly and ends the walk.
#pragma once

#include "parse/packet.h"

namespace vmoat {

/** What follows a link-layer header: an EtherType (0 = nothing that can be read on) and its bytes. */
struct Follows {
  uint16_t ethertype = 0;
  Bytes bytes;
};

constexpr uint16_t ethertype_ipv4 = 0x0800, ethertype_arp = 0x0806, ethertype_rarp = 0x8035,
                   ethertype_teb = 0x6558, ethertype_vlan = 0x8100, ethertype_qinq = 0x88a8,
                   ethertype_qinq_old = 0x9100, ethertype_ipv6 = 0x86dd, ethertype_ppp = 0x880b,
                   ethertype_mpls = 0x8847, ethertype_mpls_multicast = 0x8848,
                   ethertype_pppoe_session = 0x8864, ethertype_erspan2 = 0x88be, ethertype_erspan3 = 0x22eb;

/** Whether networks of today bear this EtherType: IP and what is read here, or a control protocol of links
 * and bridges (IEEE's list). */
bool is_known_ethertype(uint16_t type);
/** Ethernet II, 802.3 with LLC/SNAP; IEEE 802.3. */
Follows parse_ethernet(Bytes bytes, Packet& packet);
/** Linux "cooked" captures v1 and v2 (LINKTYPE_LINUX_SLL, LINKTYPE_LINUX_SLL2). */
Follows parse_cooked(Bytes bytes, Packet& packet);
Follows parse_cooked2(Bytes bytes, Packet& packet);
/** BSD loopback (LINKTYPE_NULL): the address family in the capturing host's byte order. */
Follows parse_null(Bytes bytes, Packet& packet);
/** One 802.1Q or 802.1ad tag, from its TCI on. */
Follows parse_vlan(Bytes bytes, Packet& packet);
/** An MPLS label stack (RFC 3032), from the first label on. */
Follows parse_mpls(Bytes bytes, Packet& packet);
/** A PPPoE session header (RFC 2516) and the PPP protocol field behind it. */
Follows parse_pppoe(Bytes bytes, Packet& packet);
/** A PPP frame (RFC 1661), with or without address and control, protocol field of one or two bytes. */
Follows parse_ppp(Bytes bytes, Packet& packet);

/** ARP and RARP (RFC 826, 903) over Ethernet for IPv4: checks it; body is the message. */
void parse_arp(Bytes bytes, Packet& packet);
/** IPv4 (RFC 791) with options; IPv6 (RFC 8200) with at most 8 extension headers. False: nothing of it can be
 * used. */
bool parse_ipv4(Bytes bytes, Packet& packet);
bool parse_ipv6(Bytes bytes, Packet& packet);
/** Goes on in packet.body with the extension header packet.proto; ends at a fragment. */
void parse_extensions(Packet& packet);

/** Whether a first fragment holds its whole header chain, the transport header included (RFC 7112). */
bool has_whole_chain(const Packet& packet);

/** Transport headers, from packet.body. False: broken, ports stay 0. */
bool parse_tcp(Packet& packet);
bool parse_udp(Packet& packet);
bool parse_sctp(Packet& packet);
bool parse_icmp(Packet& packet);
bool parse_icmpv6(Packet& packet);

/** The packet that an ICMP error is about, as far as it quotes it; empty in other messages. */
Bytes quote_of(const Packet& packet);

/** What a tunnel holds: `kind` none = this is no tunnel (any more). */
struct Inner {
  TunnelKind kind = TunnelKind::none;
  uint32_t id = 0;
  uint16_t ethertype = 0;  // ethertype_teb = an Ethernet frame
  Bytes bytes;
};

/** Those in UDP are known by their port, which a client may have by chance: what does not look like the
 * tunnel is none, without an anomaly. */
Inner parse_vxlan(Packet& packet);
Inner parse_geneve(Packet& packet);
Inner parse_gtp(Packet& packet);
Inner parse_teredo(Packet& packet);
/** From packet.body: GRE (RFC 2784, 2890, 2637), NVGRE and ERSPAN I to III inside it; source routes (RFC
 * 1701) are refused. */
Inner parse_gre(Packet& packet);
/** The ERSPAN header behind GRE's. */
Inner parse_erspan(Bytes bytes, uint16_t ethertype, bool with_sequence, Packet& packet);
/** IP in IP: protocols 4 and 41. */
Inner parse_ipip(Packet& packet);

}  // namespace vmoat
