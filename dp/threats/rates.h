// Rates: a bound on how often things happen, without a place for each of them: a flood of different ones is
// told from many of the same by a look at one number.
#pragma once

#include <array>
#include <cstdint>

#include "base/clock.h"

namespace vmoat {

/** Counts that items share by their hash; every second each is halved. A count is at least what its item had
 * in this second. One worker's own. */
class Rates {
 public:
  static constexpr size_t places = 4096;

  /** Counts the item; how often it came in this second at most, and half of what came in the one before. */
  uint32_t add(uint64_t item, int64_t now_ns) {
    if (const int64_t second = now_ns / ns_per_s; second != second_) age(second);
    return ++counts_[item % places];
  }

 private:
  void age(int64_t second) {
    const int64_t passed = second - second_;
    second_ = second;
    if (passed < 0) return;  // the clock was set back
    for (uint32_t& count : counts_) count = passed < 32 ? count >> passed : 0;
  }

  std::array<uint32_t, places> counts_{};
  int64_t second_ = 0;
};

}  // namespace vmoat
