// The registry of anomalies: names as records and docs/anomalies.md bear them, in the order of enum Anomaly.
#include "parse/anomaly.h"

#include <iterator>

namespace vmoat {

namespace {

constexpr AnomalyName names[] = {
    {"ethernet-short", "a link-layer header is cut off"},
    {"ethernet-unknown", "neither IP nor ARP, and no control protocol of bridges"},
    {"vlan-short", "a VLAN tag is cut off"},
    {"vlan-deep", "more than two VLAN tags, or more link headers than any network stacks"},
    {"mpls-short", "an MPLS label stack does not end within the frame"},
    {"mpls-deep", "more than 16 MPLS labels"},
    {"pppoe-broken", "a PPPoE header of another version, or longer than its frame"},
    {"arp-malformed", "an ARP or RARP message with impossible lengths or operation"},
    {"ipv4-short", "an IPv4 header is cut off"},
    {"ipv4-version", "an IPv4 EtherType before something that is not IPv4"},
    {"ipv4-header-length", "an IPv4 header length below 20 bytes or beyond the packet"},
    {"ipv4-total-length", "an IPv4 total length below its header's"},
    {"ipv4-truncated", "an IPv4 packet longer than the frame that carries it"},
    {"ipv4-options", "IPv4 options whose lengths do not fit"},
    {"ipv4-source-route", "an IPv4 packet with a loose or strict source route"},
    {"ipv4-flag-reserved", "the reserved bit of the IPv4 flags is set"},
    {"ipv6-short", "an IPv6 header is cut off"},
    {"ipv6-version", "an IPv6 EtherType before something that is not IPv6"},
    {"ipv6-truncated", "an IPv6 packet longer than the frame that carries it"},
    {"ipv6-extension-short", "an IPv6 extension header is cut off"},
    {"ipv6-extensions-many", "more than 8 IPv6 extension headers"},
    {"ipv6-extension-order", "an IPv6 hop-by-hop header that is not the first"},
    {"ipv6-route0", "an IPv6 routing header of type 0, forbidden by RFC 5095"},
    {"ip-land", "source and destination address and port are the same"},
    {"ip-source-multicast", "a multicast address as source"},
    {"fragment-overlap", "fragments of one datagram overlap"},
    {"fragment-too-big", "fragments that make more than 65,535 bytes"},
    {"fragment-tiny", "a fragment but the last of less than 8 bytes, or not a multiple of 8"},
    {"fragment-header-cut", "a first fragment without its whole header chain (RFC 7112)"},
    {"fragment-tcp-offset1", "a TCP fragment at offset 8, over the flags (RFC 3128)"},
    {"fragment-length", "fragments that disagree about the datagram's length"},
    {"fragment-incomplete", "a datagram whose fragments did not all come"},
    {"tcp-short", "a TCP header is cut off"},
    {"tcp-header-length", "a TCP header length below 20 bytes or beyond the segment"},
    {"tcp-options", "TCP options whose lengths do not fit"},
    {"tcp-no-flags", "a TCP segment without any flag"},
    {"tcp-xmas", "a TCP segment with FIN, PSH and URG"},
    {"tcp-syn-fin", "a TCP segment with SYN and FIN"},
    {"tcp-syn-rst", "a TCP segment with SYN and RST"},
    {"tcp-fin-without-ack", "a TCP FIN without ACK"},
    {"tcp-syn-data", "a TCP SYN with data"},
    {"tcp-gap", "TCP data was acknowledged that was never seen"},
    {"tcp-overlap", "a TCP segment repeats some data and adds more"},
    {"tcp-overlap-differs", "a TCP segment repeats data with other content; the first is believed"},
    {"tcp-out-of-window", "a TCP segment or reset far outside the window"},
    {"tcp-split-handshake", "both ends of a TCP connection sent SYN without ACK"},
    {"udp-short", "a UDP header is cut off"},
    {"udp-length", "a UDP length below 8 or beyond the packet"},
    {"sctp-short", "an SCTP header or chunk is cut off"},
    {"icmp-short", "an ICMP or ICMPv6 header is cut off"},
    {"icmp-quote", "an ICMP error that does not quote the packet it is about"},
    {"ndp-malformed", "neighbour discovery with a wrong hop limit, code, length or option"},
    {"port-zero", "TCP or UDP port 0"},
    {"tunnel-broken", "a tunnel header that cannot be read"},
    {"tunnel-deep", "tunnels more than 4 deep"},
    {"gre-version", "a GRE version that does not exist"},
    {"gre-routing", "a GRE packet with source routes, which RFC 2784 took out"},
    {"tcp-challenged",
     "a TCP reset or SYN in a connection that its end must not obey but challenge (RFC 5961)"},
};
static_assert(std::size(names) == static_cast<size_t>(Anomaly::count) && std::size(names) <= 64);

}  // namespace

std::span<const AnomalyName> anomalies() {
  return names;
}

}  // namespace vmoat
