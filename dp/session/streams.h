// Streams: what both ends have said so far, in order, for sessions whose application is still sought or
// followed. Nothing is copied while the first segment decides; out-of-order data waits, bounded per
// direction.
#pragma once

#include <array>

#include "base/arena.h"
#include "session/session.h"

namespace vmoat {

class Streams {
 public:
  static constexpr uint32_t window_bytes_max = 4096;  // of each direction's opening
  static constexpr uint8_t early_segments_max = 8;    // of each direction

  /** `slots`: of NICs whose sessions share the memory. */
  explicit Streams(size_t bytes_max, uint16_t slots = 1) : arena_(bytes_max, slots) {}

  /** What is kept of a direction's opening. Valid until the next `keep` or `drop` of this session. */
  [[nodiscard]] Bytes opening(const Session& s, int end) const;
  /** Appends to the opening, at most up to the window. False when there is no memory. */
  bool keep(Session& s, int end, Bytes data);
  /** Keeps `data` in place of the opening, cut at the window. False when there is no memory. */
  bool replace(Session& s, int end, Bytes data);
  /** Keeps an out-of-order segment. False when there are too many or no memory: the stream has a gap then. */
  bool keep_early(Session& s, int end, uint32_t seq, Bytes data, uint32_t length);
  /** The next early segment that has come due, in order; empty when none. Valid until the next call. */
  Bytes take_early(Session& s, int end);
  /** Whether data repeated at `seq` differs from what is kept of the opening. */
  [[nodiscard]] bool differs(const Session& s, int end, uint32_t seq, Bytes data) const;
  /** Frees all that is kept of the session. */
  void drop(Session& s);
  void drop_openings(Session& s);
  [[nodiscard]] size_t used() const { return arena_.used(); }

 private:
  struct Early {
    uint32_t next, seq, length;
    uint32_t size;
  };
  [[nodiscard]] Early head(uint32_t piece) const;
  void drop_early(Session& s, int end);

  Arena arena_;
  std::array<uint8_t, Arena::piece_bytes_max> due_{};
};

}  // namespace vmoat
