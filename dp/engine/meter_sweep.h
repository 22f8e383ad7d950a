// MeterSweep: what the kernel's meters of each NIC have counted since the last time.
#pragma once

#include <array>
#include <vector>

#include "capture/tap_kernel.h"
#include "engine/pipeline.h"
#include "engine/segments.h"
#include "engine/slots.h"

namespace vmoat {

class MeterSweep {
 public:
  MeterSweep(const TapKernel& kernel, Slots& slots, Segments& segments)
      : kernel_(kernel), slots_(slots), segments_(segments) {}

  /** Of every NIC since its previous reading; nothing where less than a second has passed. */
  std::vector<NicMeters> run(int64_t now_ns);

 private:
  struct Reading {
    int64_t time_ns = 0;  // 0: none yet
    uint64_t counts[2][VMOAT_METERS] = {};
  };

  const TapKernel& kernel_;
  Slots& slots_;
  Segments& segments_;
  std::vector<Reading> last_ = std::vector<Reading>(VMOAT_SLOTS);
  int64_t ran_ns_ = 0;
};

}  // namespace vmoat
