// Guards: what the kernel is told of a NIC, from the policy in force and from what is known of the NIC.
#pragma once

#include "contract/kernel.h"
#include "engine/verdicts.h"

namespace vmoat {

/** Of a NIC in protect. */
vmoat_guard guard_of(const LivePolicy& live, uint16_t slot);
/** Of one that is not, or not yet inline: it is only told who it is. */
vmoat_guard no_guard_of(const LivePolicy& live, uint16_t slot);
/** The ports of its guest that can always be reached. */
std::vector<vmoat_fail_safe> fail_safe_of(const LivePolicy& live, uint16_t slot);
/** Of one that no policy speaks of yet. */
vmoat_guard waiting_guard();
/** Whether the NIC's effective mode is protect. */
bool is_in_protect(const LivePolicy& live, uint16_t slot);

}  // namespace vmoat
