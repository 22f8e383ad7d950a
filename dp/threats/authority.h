// Authority: who is known to serve a segment, as its DHCP server or its router. One who does so beside the
// known one is told from it by the MAC.
#pragma once

#include <optional>

#include "threats/threat.h"

namespace vmoat {

/** The MAC that is known for `part` (a number of the threat's own, not 0) in the event's segment, where a
 * guest does the same with another MAC. Known is whoever is no guest, else the first of the day; a guest that
 * moved here from another host keeps its MAC. */
std::optional<Mac> served_by_other(const NeighbourEvent& event, uint16_t part, Alarm& alarm);

}  // namespace vmoat
