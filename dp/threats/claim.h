// Claims: who says that an address is its own, and whether somebody else has a better right to it.
#pragma once

#include "threats/threat.h"

namespace vmoat {

/** Raises where the claim fights another's; threshold 0 of the alarm says after how many messages. A move
 * (same MAC elsewhere) and a takeover that is announced to all (VRRP and the like) are none. */
void judge_claim(const NeighbourEvent& event, Alarm& alarm);

/** A MAC that routers share: VRRP (RFC 9568), HSRP, GLBP. */
bool is_virtual_router(const Mac& mac);

}  // namespace vmoat
