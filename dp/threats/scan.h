// Scans: what counts as an attempt that failed.
#pragma once

#include "threats/threat.h"

namespace vmoat {

/** RFC 1918, 4193, 6598 and link-local addresses. */
bool is_private(const Address& address);

/** A TCP connection, datagram or echo request of the client's that nobody answered; not what traceroute
 * sends. */
bool is_attempt(const FlowEvent& event);

/** Adds it; how many different ones there are now. */
uint64_t count_attempt(Tally& tally, uint64_t item);

}  // namespace vmoat
