// NicPaths: behind which interfaces a spliced NIC's guest and its bridge are. Written by the control thread,
// read by workers.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "contract/kernel.h"

namespace vmoat {

/** 0: the NIC is not spliced. */
struct NicPath {
  std::atomic<uint32_t> guest = 0, bridge = 0;
};
/** By slot. */
using NicPaths = std::array<NicPath, VMOAT_SLOTS>;

}  // namespace vmoat
