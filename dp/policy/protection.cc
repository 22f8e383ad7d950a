// Reading what a group says, and putting groups together.
#include "policy/protection.h"

#include <netinet/in.h>

#include <algorithm>
#include <charconv>

namespace vmoat {
namespace {

uint32_t least_said(uint32_t a, uint32_t b) {
  return a == 0 ? b : b == 0 ? a : std::min(a, b);
}

/** `tcp/22` */
Result<FailSafePort> read_port(std::string_view text) {
  const Error wrong{"is not tcp/PORT or udp/PORT"};
  const std::string_view proto = text.substr(0, 4), digits = text.substr(std::min<size_t>(4, text.size()));
  if (proto != "tcp/" && proto != "udp/") return wrong;
  uint16_t port = 0;
  const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (failed != std::errc() || end != digits.data() + digits.size() || port == 0) return wrong;
  return FailSafePort{static_cast<uint8_t>(proto == "tcp/" ? IPPROTO_TCP : IPPROTO_UDP), port};
}

}  // namespace

void EndProtection::add(const GroupProtection& group) {
  fails_closed |= group.fails_closed;
  for (const FailSafePort& port : group.fail_safe_ports)
    if (fail_safe_ports.size() < policy_limits::fail_safe_ports &&
        std::ranges::count(fail_safe_ports, port) == 0)
      fail_safe_ports.push_back(port);
  own_addresses = std::max(own_addresses, group.own_addresses);
  may_serve_dhcp |= group.may_serve_dhcp;
  may_route |= group.may_route;
  other_frames = std::max(other_frames, group.other_frames);
  opening_frames = least_said(opening_frames, group.opening_frames);
  opening_bytes = least_said(opening_bytes, group.opening_bytes);
}

Result<GroupProtection> read_protection(const PolicyGroup& group) {
  const PolicyProtection& said = group.protection;
  GroupProtection read = {.fails_closed = group.fails_closed,
                          .fail_safe_ports = {},
                          .own_addresses = said.own_addresses,
                          .may_serve_dhcp = said.may_serve_dhcp,
                          .may_route = said.may_route,
                          .other_frames = said.other_frames,
                          .opening_frames = said.opening_frames,
                          .opening_bytes = said.opening_bytes};
  if (said.fail_safe_ports.size() > policy_limits::fail_safe_ports)
    return Error{"failSafePorts: more than " + std::to_string(policy_limits::fail_safe_ports)};
  for (size_t i = 0; i < said.fail_safe_ports.size(); i++) {
    Result<FailSafePort> port = read_port(said.fail_safe_ports[i]);
    if (!port) return std::move(port.error()).in("failSafePorts[" + std::to_string(i) + "]");
    read.fail_safe_ports.push_back(*port);
  }
  return read;
}

}  // namespace vmoat
