// HeldDrops: held frames that the engine itself dropped, by NIC and cause. Written by workers, read and
// cleared by the control and sweep threads.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "contract/kernel.h"
#include "engine/dataplane.h"

namespace vmoat {

/** By enum vmoat_way. */
using HeldDropCounts = std::array<std::atomic<uint64_t>, 2>;

struct NicHeldDrops {
  HeldDropCounts opening{};  // an opening's share was used up
  HeldDropCounts refused{};  // no room, or no stack sends such a frame
  HeldDropCounts spoofed{};  // not the guest's own address
  HeldDropCounts denied{};   // by the flow's verdict, before the kernel knew it

  void clear() {
    for (int way = 0; way < 2; way++) opening[way] = refused[way] = spoofed[way] = denied[way] = 0;
  }
  void write(NicProtection& to) const {
    for (int way = 0; way < 2; way++) {
      to.opening[way] = opening[way];
      to.refused[way] = refused[way];
      to.frames[way][VMOAT_SPOOFED] += spoofed[way];
      to.frames[way][VMOAT_DENIED] += denied[way];
    }
  }
};
/** By slot. */
using HeldDrops = std::array<NicHeldDrops, VMOAT_SLOTS>;

}  // namespace vmoat
