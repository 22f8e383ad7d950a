// StreamLog: what was said in streams, as far as a verdict hangs on it, so that what is sent again can be
// compared: a receiver may have thrown away what we read, and take the second for the first. Nobody fills
// it for all others: each owner has a share.
#pragma once

#include <cstdint>
#include <vector>

#include "base/arena.h"
#include "base/byte_reader.h"

namespace vmoat {

class StreamLog {
 public:
  static constexpr uint16_t pieces_max = 20;  // of one stream's log: 64 KiB

  /** One stream's. Sequence numbers are TCP's, and at most 1.5 GiB apart. */
  struct Log {
    uint32_t from = 0;   // nothing is known of what came before it
    uint32_t until = 0;  // where the last that was kept ends
    uint32_t first = 0, last = 0;
    uint16_t pieces = 0;
    uint16_t owner = 0;
  };
  enum class Match : uint8_t {
    same,    // all of it that was kept
    other,   // some of it differs
    unknown  // some of it is no longer known
  };

  /** `owners`: each has a share of the memory, see Arena. */
  explicit StreamLog(size_t bytes_max, uint16_t owners = 1) : arena_(bytes_max, owners) {}

  /** `owner`: who speaks. */
  [[nodiscard]] static Log begin(uint32_t seq, uint16_t owner = 0) {
    return {.from = seq, .until = seq, .owner = owner};
  }
  /** In ascending order. Where there is no room, or none for its owner, the oldest of the same stream is
   * forgotten. */
  void keep(Log& log, uint32_t seq, Bytes said);
  /** The stream has got there: what lies so far back that its numbers could be taken for others is forgotten.
   */
  void advance(Log& log, uint32_t seq);
  [[nodiscard]] Match compare(const Log& log, uint32_t seq, Bytes said) const;
  void drop(Log& log);

 private:
  struct Piece {
    uint32_t next;
    uint16_t used, room;  // bytes, this header among them
  };
  struct Entry {
    uint32_t seq, size;
  };

  [[nodiscard]] Piece& piece(uint32_t number) const { return *reinterpret_cast<Piece*>(arena_.at(number)); }
  [[nodiscard]] Entry entry(uint32_t number, uint32_t at) const;
  size_t append(uint32_t number, uint32_t seq, Bytes said);
  bool grow(Log& log, size_t bytes);
  void drop_first(Log& log);
  [[nodiscard]] bool differs(uint32_t number, uint32_t seq, Bytes said) const;

  Arena arena_;
};

}  // namespace vmoat
