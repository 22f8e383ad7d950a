// Courtesy: a thread that does much at once, and is in no hurry, lets those run who wait for its CPU. What it
// did without would keep a guest waiting, for whose answer others wait.
#pragma once

#include <sched.h>

#include "base/clock.h"

namespace vmoat {

class Courtesy {
 public:
  /** Another stretch of work begins. */
  void begin() { given_ns_ = 0; }
  /** Somebody waits for this one: the rest of it is done at once. */
  void end() { given_ns_ = given_max_ns; }
  /** So many steps of it are done: a frame, a session. True where that is a good while's work. */
  bool did(size_t steps) {
    steps_ += steps;
    if (steps_ < steps_max) return false;
    give_way();
    return true;
  }

 private:
  static constexpr size_t steps_max = 32;  // some 10 µs
  /** Of a stretch: where others always wait, it has to be done all the same. */
  static constexpr int64_t given_max_ns = 2'000'000;

  void give_way() {
    steps_ = 0;
    if (given_ns_ >= given_max_ns) return;
    const int64_t from_ns = monotonic_ns();
    ::sched_yield();
    given_ns_ += monotonic_ns() - from_ns;
  }

  size_t steps_ = 0;
  int64_t given_ns_ = 0;
};

}  // namespace vmoat
