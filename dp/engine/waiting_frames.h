// WaitingFrames: held frames that cannot be ruled on before another one comes: fragments of which nobody can
// say whose they are, and segments that are to be read in order. They wait here, a second at most, in memory
// made at start.
#pragma once

#include <cstdint>
#include <vector>

#include "base/clock.h"
#include "base/region.h"
#include "contract/kernel.h"
#include "enforce/divert.h"
#include "engine/ticket.h"

namespace vmoat {

class WaitingFrames {
 public:
  static constexpr uint32_t frames_max = 1024;
  static constexpr uint32_t share = 4;  // of bytes and frames, one part for what one NIC sends
  static constexpr int64_t wait_ns = ns_per_s;

  /** `bytes_max`: of all frames that wait. */
  explicit WaitingFrames(uint32_t bytes_max);

  /** Copies the frame; it waits with this ticket. False: no room, or none for who sends. */
  bool keep(const Ticket& ticket, const HeldFrame& held, int64_t now_ns);

  /** Calls `each(held)` for what is due when a line has come to `now`, in the order in which it came. */
  template <class Each>
  void release(const Ticket& now, Each&& each) {
    release_where([&](const Waiting& waiting) { return is_due(waiting.ticket, now); }, each);
  }
  /** The same for all that is held at a NIC of which `is_one(slot)` says so. */
  template <class IsOne, class Each>
  void release_at(IsOne&& is_one, Each&& each) {
    release_where([&](const Waiting& waiting) { return is_one(waiting.held.slot); }, each);
  }
  /** Calls `each(held)` for what has waited too long. */
  template <class Each>
  void expire(int64_t now_ns, Each&& each) {
    for (uint32_t i = 0; i < count_ && at(i).since_ns + wait_ns <= now_ns; i++)
      if (!at(i).gone) at(i).gone = true, each(frame(at(i)));
    drop_gone();
  }

 private:
  struct Waiting {
    Ticket ticket;
    int64_t since_ns;
    HeldFrame held;       // without its bytes
    uint32_t from, size;  // in bytes_
    uint32_t taken;       // with what was left free before it
    bool gone;
  };
  /** What one NIC has waiting. Memory comes back in order only, so what is gone counts until then. */
  struct Share {
    uint32_t frames = 0, bytes = 0;
  };

  template <class Which, class Each>
  void release_where(Which&& which, Each&& each) {
    for (uint32_t i = 0; i < count_; i++) {
      Waiting& waiting = at(i);
      if (waiting.gone || !which(waiting)) continue;
      waiting.gone = true;
      each(frame(waiting));
    }
    drop_gone();
  }
  [[nodiscard]] Waiting& at(uint32_t i) { return waiting_[(first_ + i) % frames_max]; }
  [[nodiscard]] HeldFrame frame(const Waiting& waiting) const;
  [[nodiscard]] Share& share_of(const HeldFrame& held) { return shares_[held.spender() % VMOAT_SLOTS]; }
  bool place(uint32_t size, uint32_t& from, uint32_t& taken) const;
  void drop_gone();

  Region bytes_;
  std::vector<Waiting> waiting_;  // a ring
  std::vector<Share> shares_;     // by slot
  uint32_t first_ = 0, count_ = 0;
  uint32_t used_ = 0, next_ = 0;  // of bytes_, which is a ring, too
};

}  // namespace vmoat
