// Qdiscs and filters: what stands at an interface's ingress, and our cls_bpf filters there.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "plumb/netlink.h"

namespace vmoat {

/** What holds the ffff: place of an interface. An `ingress` qdisc (libvirt's <bandwidth>) excludes clsact. */
enum class IngressQdisc : uint8_t { none, ingress, clsact };

enum class TrafficSide : uint8_t { ingress, egress };

struct Filter {
  std::string kind;  // "bpf", "u32", …
  std::string name;  // cls_bpf only
  uint16_t priority = 0;
  uint16_t protocol = 0;  // host order
  uint32_t handle = 0;
};

Result<IngressQdisc> ingress_qdisc(Netlink& netlink, uint32_t ifindex);
Status add_clsact(Netlink& netlink, uint32_t ifindex);
/** Removes the clsact qdisc with every filter in it. */
Status remove_clsact(Netlink& netlink, uint32_t ifindex);

Result<std::vector<Filter>> filters(Netlink& netlink, uint32_t ifindex, TrafficSide side);
/**
 * Puts the program there as a direct-action filter, first in line, or replaces the one of the same name
 * without a gap. Precondition for `egress`: the qdisc is clsact, an `ingress` qdisc would take it silently
 * for the wrong side.
 */
Status set_filter(Netlink& netlink, uint32_t ifindex, TrafficSide side, int program, const std::string& name);
Status remove_filter(Netlink& netlink, uint32_t ifindex, TrafficSide side, const Filter& filter);

}  // namespace vmoat
