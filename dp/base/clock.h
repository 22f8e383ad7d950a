// Clock: the two clocks of this project, in nanoseconds. Frames bear CLOCK_REALTIME, the kernel's table
// CLOCK_MONOTONIC.
#pragma once

#include <cstdint>
#include <ctime>

namespace vmoat {

constexpr int64_t ns_per_s = 1'000'000'000;

inline int64_t clock_ns(clockid_t clock) {
  timespec t{};
  clock_gettime(clock, &t);
  return t.tv_sec * ns_per_s + t.tv_nsec;
}
inline int64_t realtime_ns() {
  return clock_ns(CLOCK_REALTIME);
}
inline int64_t monotonic_ns() {
  return clock_ns(CLOCK_MONOTONIC);
}

}  // namespace vmoat
