// StandIn: the pair of interfaces that an enforcer has for one tap. What is sent out of the inner end comes
// in by the outer one.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "plumb/links.h"
#include "plumb/netlink.h"

namespace vmoat {

struct StandIn {
  uint32_t inner = 0, outer = 0;  // ifindexes: mi.TAP, mp.TAP
};

/** Whether the outer end bears the tap's own MAC address. */
enum class StandInMac : uint8_t { own, of_tap };

/** Makes the pair, down, in the shape of the tap. Fails where there is no such tap. */
Result<StandIn> make_stand_in(Netlink& netlink, uint32_t tap, const std::string& name, StandInMac mac);
/** The pair is nobody's any more, and goes with remove_given_up(): many of them together. */
Status give_up(Netlink& netlink, const StandIn& pair);
/** Also those of a run that did not come to it. */
Status remove_given_up(Netlink& netlink);
/** Gives both ends the tap's MTU, and the outer one its MAC, where they differ. */
Status follow_shape(Netlink& netlink, const std::map<uint32_t, Link>& links, uint32_t tap,
                    const StandIn& pair, StandInMac mac);
/** Whether somebody has taken the pair away. */
Result<bool> is_gone(Netlink& netlink, const std::map<uint32_t, Link>& links, uint32_t outer);
/** Both ends bear the tap's name in words, whatever it is called by now. */
Status follow_name(Netlink& netlink, const StandIn& pair, const std::string& name);

}  // namespace vmoat
