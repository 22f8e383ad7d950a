// SharedArena: an arena of which no owner fills more than a share, so that nobody leaves none for others.
#pragma once

#include <vector>

#include "base/arena.h"

namespace vmoat {

class SharedArena {
 public:
  static constexpr size_t share = 4;  // of the memory, one part for one owner

  /** `owners`: they are numbered from 0; one that is alone may have all. */
  explicit SharedArena(size_t bytes_max, uint16_t owners = 1)
      : arena_(bytes_max), share_bytes_(owners == 1 ? bytes_max : bytes_max / share), used_(owners) {}

  /** See Arena::take; also 0 when the owner has its share. */
  uint32_t take(uint16_t owner, uint32_t bytes) {
    size_t& used = used_of(owner);
    if (used + Arena::room(bytes) > share_bytes_) return 0;
    const uint32_t piece = arena_.take(bytes);
    if (piece != 0) used += Arena::room(bytes);
    return piece;
  }
  /** By whom it was taken. */
  void give_back(uint16_t owner, uint32_t piece) {
    used_of(owner) -= arena_.room_of(piece);
    arena_.give_back(piece);
  }
  [[nodiscard]] uint8_t* at(uint32_t piece) const { return arena_.at(piece); }
  [[nodiscard]] size_t used() const { return arena_.used(); }

 private:
  size_t& used_of(uint16_t owner) { return used_[owner % used_.size()]; }

  Arena arena_;
  const size_t share_bytes_;
  std::vector<size_t> used_;  // bytes, by owner
};

}  // namespace vmoat
