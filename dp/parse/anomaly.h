// Anomaly: the oddities of frames and streams, by number and name. One line each, here and in anomaly.cc;
// docs/anomalies.md explains them and a test holds it to the list.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace vmoat {

/** Bit numbers of FlowRecord::anomalies; at most 64. */
enum class Anomaly : uint8_t {
  ethernet_short,
  ethernet_unknown,
  vlan_short,
  vlan_deep,
  mpls_short,
  mpls_deep,
  pppoe_broken,
  arp_malformed,
  ipv4_short,
  ipv4_version,
  ipv4_header_length,
  ipv4_total_length,
  ipv4_truncated,
  ipv4_options,
  ipv4_source_route,
  ipv4_flag_reserved,
  ipv6_short,
  ipv6_version,
  ipv6_truncated,
  ipv6_extension_short,
  ipv6_extensions_many,
  ipv6_extension_order,
  ipv6_route0,
  ip_land,
  ip_source_multicast,
  fragment_overlap,
  fragment_too_big,
  fragment_tiny,
  fragment_header_cut,
  fragment_tcp_offset1,
  fragment_length,
  fragment_incomplete,
  tcp_short,
  tcp_header_length,
  tcp_options,
  tcp_no_flags,
  tcp_xmas,
  tcp_syn_fin,
  tcp_syn_rst,
  tcp_fin_without_ack,
  tcp_syn_data,
  tcp_gap,
  tcp_overlap,
  tcp_overlap_differs,
  tcp_out_of_window,
  tcp_split_handshake,
  udp_short,
  udp_length,
  sctp_short,
  icmp_short,
  icmp_quote,
  ndp_malformed,
  port_zero,
  tunnel_broken,
  tunnel_deep,
  gre_version,
  gre_routing,
  tcp_challenged,
  count,
};

struct AnomalyName {
  std::string_view name;   // as records and docs bear it: tcp-gap
  std::string_view means;  // one line
};

/** Indexed by Anomaly. */
std::span<const AnomalyName> anomalies();

constexpr uint64_t bit(Anomaly a) {
  return uint64_t{1} << static_cast<unsigned>(a);
}

}  // namespace vmoat
