// TCX: programs linked to one side of an interface, pinned so that they outlive us (Linux 6.6).
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "plumb/qdisc.h"

namespace vmoat {

/** Where a program stands among those of the same side. */
enum class TcxPlace : uint8_t { first, last };

bool has_tcx();
/** Attaches and pins, or replaces the program of the link that is pinned there without a gap. */
Status attach_tcx(uint32_t ifindex, TrafficSide side, int program, const std::string& pin,
                  TcxPlace place = TcxPlace::first);
/** How many there are, whoever attached them. */
Result<uint32_t> tcx_programs(uint32_t ifindex, TrafficSide side);
/** Takes off what is pinned there. Nothing there is success. */
void detach_tcx(const std::string& pin);

}  // namespace vmoat
