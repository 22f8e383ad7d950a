// Veth pairs: made with everything they need before anybody sees them, and single properties of links.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "plumb/netlink.h"

namespace vmoat {

struct VethEnd {
  std::string name;  // at most 15 bytes
  std::array<uint8_t, 6> mac = {};
  uint32_t ifindex = 0;  // once it is made
};

/** By attribute (IFLA_GSO_MAX_SIZE and the like): the longest super-frames that a link is given and makes. */
using OffloadSizes = std::map<uint16_t, uint32_t>;

/** What a stand-in copies of a link, and where that one is. */
struct LinkShape {
  std::array<uint8_t, 6> mac = {};
  uint32_t mtu = 1500;
  uint32_t queues = 1;
  OffloadSizes sizes;   // as far as the kernel has them
  uint32_t peer = 0;    // IFLA_LINK
  uint32_t master = 0;  // of whatever kind
};

struct VethPair {
  VethEnd near, far;
  uint32_t mtu = 1500;
  uint32_t queues = 1;
  OffloadSizes sizes;
  /** What `ip link` shows of both, so that an operator knows whose they are. */
  std::string alias;
};

/** Makes the pair, down, without IPv6 addresses of its own making, and fills in the two ifindexes. */
Status make_veth(Netlink& netlink, VethPair& pair);
/** Nothing where there is no such link. */
Result<std::optional<LinkShape>> link_shape(Netlink& netlink, uint32_t ifindex);
Status set_up(Netlink& netlink, uint32_t ifindex);
Status set_down(Netlink& netlink, uint32_t ifindex);
Status set_mtu(Netlink& netlink, uint32_t ifindex, uint32_t mtu);
Status set_mac(Netlink& netlink, uint32_t ifindex, const std::array<uint8_t, 6>& mac);
Status set_alias(Netlink& netlink, uint32_t ifindex, const std::string& alias);
/** Removes a link, with a veth its peer. One that has gone is success. */
Status remove_link(Netlink& netlink, uint32_t ifindex);
/** Puts a link into a group (IFLA_GROUP), and removes all that are in one: no number of them costs more than
 * one alone, for each removal waits for the whole kernel. An empty group is success. */
Status set_group(Netlink& netlink, uint32_t ifindex, uint32_t group);
Status remove_group(Netlink& netlink, uint32_t group);

}  // namespace vmoat
