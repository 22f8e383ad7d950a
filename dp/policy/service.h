// Service: protocol and port as one number, so that whatever a rule says about ports is one range of numbers.
#pragma once

#include <netinet/in.h>

#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace vmoat {

/** protocol << 16 | port; ICMP has type << 8 | code in the port's place, what has no ports 0. */
using Service = uint32_t;

constexpr Service service_of(uint8_t proto, uint16_t port) {
  return uint32_t{proto} << 16 | port;
}

/** Neighbour discovery (RFC 4861): who may claim which address decides it, as it decides ARP, and no rule. */
constexpr bool is_neighbour_discovery(Service service) {
  constexpr uint16_t router_solicitation = 133, redirect = 137;
  const Service type = service >> 8 & 0xff;
  return service >> 16 == IPPROTO_ICMPV6 && router_solicitation <= type && type <= redirect;
}

/** Both ends belong to it. */
struct ServiceRange {
  Service first = 0, last = 0xff'ffff;

  [[nodiscard]] bool has(Service service) const { return first <= service && service <= last; }
};

/** Reads `any`, `tcp`, `udp/53`, `sctp/5000-5999`, `icmp`, `icmp/8`, `icmpv6/1/4` (type/code), `proto/47`. */
Result<ServiceRange> read_service_range(std::string_view text);

}  // namespace vmoat
