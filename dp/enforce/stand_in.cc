// The pair of a tap.
#include "enforce/stand_in.h"

#include <net/if.h>

#include <array>
#include <cerrno>

#include "plumb/veth.h"

namespace vmoat {
namespace {

constexpr uint32_t given_up = 0x766d6f61;  // a group of links: "vmoa", which nobody else takes
constexpr size_t link_name_max = IFNAMSIZ - 1;

/** "mp.vnet3". A name that leaves no room for that, or is taken, is told by its number. */
std::string name_of(const char* prefix, const std::string& tap, uint32_t ifindex) {
  const std::string name = prefix + tap;
  const bool fits = name.size() <= link_name_max && ::if_nametoindex(name.c_str()) == 0;
  return fits ? name : prefix + std::to_string(ifindex);
}

std::array<uint8_t, 6> own_mac(uint8_t end, uint32_t ifindex) {
  return {0xfe,
          end,
          static_cast<uint8_t>(ifindex >> 24),
          static_cast<uint8_t>(ifindex >> 16),
          static_cast<uint8_t>(ifindex >> 8),
          static_cast<uint8_t>(ifindex)};
}

std::string alias_of(const std::string& tap) {
  return "vmoat: stands for " + tap;
}

}  // namespace

/** Features are not copied, but sizes are: a bridge goes by those of its ports. A pair takes every
 * super-frame; where the tap takes none, the kernel cuts it there, as ever. */
Result<StandIn> make_stand_in(Netlink& netlink, uint32_t tap, const std::string& name, StandInMac mac) {
  auto shape = link_shape(netlink, tap);
  if (!shape) return std::move(shape.error());
  if (!*shape) return Error{"there is no such tap", ENODEV};
  if (::if_nametoindex(("mp." + name).c_str()) != 0)
    if (Status gone = remove_given_up(netlink); !gone) return std::move(gone.error());
  VethPair pair = {.near = {.name = name_of("mi.", name, tap), .mac = own_mac(0x76, tap)},
                   .far = {.name = name_of("mp.", name, tap),
                           .mac = mac == StandInMac::of_tap ? (*shape)->mac : own_mac(0x79, tap)},
                   .mtu = (*shape)->mtu,
                   .queues = (*shape)->queues,
                   .sizes = (*shape)->sizes,
                   .alias = alias_of(name)};
  if (Status made = make_veth(netlink, pair); !made) return std::move(made.error());
  return StandIn{pair.near.ifindex, pair.far.ifindex};
}

Status give_up(Netlink& netlink, const StandIn& pair) {
  Status given = set_group(netlink, pair.outer, given_up);
  return !given && given.error().code == ENODEV ? success() : std::move(given);
}

Status remove_given_up(Netlink& netlink) {
  return remove_group(netlink, given_up);
}

Status follow_shape(Netlink& netlink, const std::map<uint32_t, Link>& links, uint32_t tap,
                    const StandIn& pair, StandInMac mac) {
  const auto of = links.find(tap), outer = links.find(pair.outer);
  if (of == links.end() || outer == links.end()) return success();  // news of it is on its way
  for (const uint32_t end : {pair.inner, pair.outer})
    if (of->second.mtu != outer->second.mtu)
      if (Status set = set_mtu(netlink, end, of->second.mtu); !set)
        return std::move(set.error()).in("follow the MTU");
  if (mac == StandInMac::own || of->second.mac == outer->second.mac) return success();
  auto shape = link_shape(netlink, tap);
  if (!shape) return std::move(shape.error());
  return *shape ? set_mac(netlink, pair.outer, (*shape)->mac) : success();
}

Result<bool> is_gone(Netlink& netlink, const std::map<uint32_t, Link>& links, uint32_t outer) {
  if (links.contains(outer)) return false;
  auto shape = link_shape(netlink, outer);  // news of a young one may be on its way
  if (!shape) return std::move(shape.error());
  return !shape->has_value();
}

Status follow_name(Netlink& netlink, const StandIn& pair, const std::string& name) {
  for (const uint32_t end : {pair.inner, pair.outer})
    if (Status set = set_alias(netlink, end, alias_of(name)); !set) return set;
  return success();
}

}  // namespace vmoat
