// Differences between two readings.
#include "engine/meter_sweep.h"

#include "base/clock.h"

namespace vmoat {

std::vector<NicMeters> MeterSweep::run(int64_t now_ns) {
  std::vector<NicMeters> result;
  if (now_ns - ran_ns_ < ns_per_s) return result;
  ran_ns_ = now_ns;
  for (uint16_t slot = 1; slot < VMOAT_SLOTS; slot++) {
    Reading& last = last_[slot];
    if (!slots_.in_use(slot)) {
      last = {};
      continue;
    }
    const vmoat_nic_counters now = kernel_.nic_counters(slot);
    NicMeters m = {.slot = slot,
                   .segment = segments_.of(slot, 0),
                   .seconds = static_cast<double>(now_ns - last.time_ns) / static_cast<double>(ns_per_s)};
    for (size_t way = 0; way < 2; way++)
      for (size_t i = 0; i < VMOAT_METERS; i++) {
        m.counts[way][i] = now.meters[way][i] - last.counts[way][i];
        last.counts[way][i] = now.meters[way][i];
      }
    if (last.time_ns != 0) result.push_back(m);
    last.time_ns = now_ns;
  }
  return result;
}

}  // namespace vmoat
