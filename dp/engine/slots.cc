// Slots.
#include "engine/slots.h"

namespace vmoat {

uint16_t Slots::take() {
  const std::lock_guard lock(mutex_);
  for (int tries = 1; tries < VMOAT_SLOTS; tries++) {
    last_ = last_ + 1 < VMOAT_SLOTS ? static_cast<uint16_t>(last_ + 1) : 1;
    if (states_[last_] != State::unused) continue;
    states_[last_] = State::in_use;
    return last_;
  }
  return 0;
}

bool Slots::claim(uint16_t slot) {
  const std::lock_guard lock(mutex_);
  if (slot == 0 || slot >= VMOAT_SLOTS || states_[slot] != State::unused) return false;
  states_[slot] = State::in_use;
  return true;
}

void Slots::retire(uint16_t slot) {
  const std::lock_guard lock(mutex_);
  states_[slot] = State::retired;
}

bool Slots::in_use(uint16_t slot) {
  const std::lock_guard lock(mutex_);
  return slot < VMOAT_SLOTS && states_[slot] == State::in_use;
}

std::vector<uint16_t> Slots::settle(const std::array<uint32_t, VMOAT_SLOTS>& flows) {
  const std::lock_guard lock(mutex_);
  std::vector<uint16_t> clear;
  for (uint16_t slot = 1; slot < VMOAT_SLOTS; slot++) {
    State& state = states_[slot];
    if (state == State::empty && flows[slot] == 0) clear.push_back(slot);
    if (state == State::retired || state == State::empty) state = flows[slot] ? State::retired : State::empty;
  }
  return clear;
}

void Slots::free(uint16_t slot) {
  const std::lock_guard lock(mutex_);
  states_[slot] = State::unused;
}

}  // namespace vmoat
