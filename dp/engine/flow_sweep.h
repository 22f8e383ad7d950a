// FlowSweep: reads the kernel's whole flow table once an interval and gives every worker its share.
#pragma once

#include <memory>
#include <vector>

#include "capture/tap_kernel.h"
#include "engine/slots.h"
#include "engine/worker.h"

namespace vmoat {

struct SweepResult {
  uint64_t entries = 0;
  std::vector<uint16_t> empty_slots;  // of NICs that are gone, with no flow left
};

class FlowSweep {
 public:
  FlowSweep(TapKernel& kernel, Slots& slots, uint32_t seed, std::vector<std::unique_ptr<Worker>>& workers)
      : kernel_(kernel), slots_(slots), seed_(seed), workers_(workers) {}
  /** Hands over what changed since the sweep before (everything the first time); asks the workers to report.
   */
  Result<SweepResult> run(Counted how);

 private:
  struct Share {
    std::vector<CountedFlow> counted;
    std::vector<vmoat_flow_key> collect;
  };
  void sort(const CountedFlow& flow, Share& share, uint64_t now) const;

  TapKernel& kernel_;
  Slots& slots_;
  const uint32_t seed_;
  std::vector<std::unique_ptr<Worker>>& workers_;
  uint64_t since_ns_ = 0;
};

}  // namespace vmoat
