#include "engine/waiting_frames.h"

#include <cstring>

namespace vmoat {

WaitingFrames::WaitingFrames(uint32_t bytes_max)
    : bytes_(bytes_max), waiting_(frames_max), shares_(VMOAT_SLOTS) {}

HeldFrame WaitingFrames::frame(const Waiting& waiting) const {
  HeldFrame held = waiting.held;
  held.bytes = {bytes_.data() + waiting.from, waiting.size};
  return held;
}

/** In one piece: what does not fit before the end begins at the start. */
bool WaitingFrames::place(uint32_t size, uint32_t& from, uint32_t& taken) const {
  const auto capacity = static_cast<uint32_t>(bytes_.size());
  const bool wraps = size > capacity - next_;
  from = wraps ? 0 : next_;
  taken = size + (wraps ? capacity - next_ : 0);
  return taken <= capacity - used_;
}

bool WaitingFrames::keep(const Ticket& ticket, const HeldFrame& held, int64_t now_ns) {
  if (held.bytes.size() > bytes_.size() || count_ == frames_max) return false;
  const auto size = static_cast<uint32_t>(held.bytes.size());
  uint32_t from, taken;
  Share& share_of_it = share_of(held);
  if (!place(size, from, taken) || share_of_it.frames >= frames_max / share ||
      share_of_it.bytes + taken > bytes_.size() / share)
    return false;
  std::memcpy(bytes_.data() + from, held.bytes.data(), size);
  Waiting& waiting = at(count_++);
  waiting = {ticket, now_ns, held, from, size, taken, false};
  waiting.held.bytes = {};
  share_of_it.frames++;
  share_of_it.bytes += taken;
  used_ += taken;
  next_ = from + size;
  return true;
}

void WaitingFrames::drop_gone() {
  for (; count_ != 0 && at(0).gone; count_--) {
    Share& share_of_it = share_of(at(0).held);
    share_of_it.frames--;
    share_of_it.bytes -= at(0).taken;
    used_ -= at(0).taken;
    first_ = (first_ + 1) % frames_max;
  }
}

}  // namespace vmoat
