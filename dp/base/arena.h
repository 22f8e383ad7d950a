// Arena: bounded memory for pieces of 64 to 4,096 bytes, named by number; 0 names none. Memory is cut by size
// class in runs of 16 KiB; an empty run serves any class again, so that no pattern of use leaves one class
// without memory. A run is of one owner, and an owner has a share of the runs, so that no pattern of one's
// use leaves others without memory.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/region.h"

namespace vmoat {

class Arena {
 public:
  static constexpr uint32_t piece_bytes_max = 4096;
  static constexpr size_t share = 4;  // of the runs, one part for one owner

  /** Whole runs, as many as fit in `bytes_max`. `owners`: they are numbered from 0; one alone may have all.
   */
  explicit Arena(size_t bytes_max, uint16_t owners = 1);

  /** A piece of at least `bytes` (at most piece_bytes_max), not zeroed; 0 when the arena is full, or the
   * owner has its share. */
  uint32_t take(uint32_t bytes, uint16_t owner = 0);
  void give_back(uint32_t piece);
  [[nodiscard]] uint8_t* at(uint32_t piece) const { return region_.data() + size_t{piece} * granule; }
  /** Bytes a piece really has that was asked for with `bytes`. */
  static uint32_t room(uint32_t bytes) { return sizes[class_of(bytes)]; }
  [[nodiscard]] size_t used() const { return used_; }

 private:
  static constexpr uint32_t granule = 32;
  static constexpr uint32_t run_bytes = 16384;
  static constexpr std::array<uint16_t, 17> sizes = {64,  96,  128,  192,  256,  320,  384,  512, 640,
                                                     768, 896, 1024, 1280, 1536, 2048, 3072, 4096};
  static_assert(sizes.back() == piece_bytes_max);

  /** Run 0 is never given out, so that number 0 names none in any list. */
  struct Run {
    uint32_t free = 0;            // chain of pieces given back
    uint32_t next = 0, prev = 0;  // runs of the owner's and class that have room; or the chain of empty runs
    uint16_t cut = 0;             // pieces cut so far
    uint16_t used = 0;
    uint16_t owner = 0;
    uint8_t size_class = 0;
  };
  struct Owner {
    std::array<uint32_t, sizes.size()> with_room{};
    uint32_t runs = 0;
  };
  static uint32_t class_of(uint32_t bytes);
  [[nodiscard]] uint32_t run_of(uint32_t piece) const { return piece / (run_bytes / granule); }
  uint32_t open_run(uint32_t size_class, uint16_t owner);
  void link(uint32_t run);
  void unlink(uint32_t run);
  [[nodiscard]] bool is_full(const Run& r) const {
    return r.free == 0 && (r.cut + 1u) * sizes[r.size_class] > run_bytes;
  }

  Region region_;
  std::vector<Run> runs_;
  std::vector<Owner> owners_;
  const size_t share_runs_;
  uint32_t empty_ = 0, next_run_ = 1;
  size_t used_ = 0;
};

}  // namespace vmoat
