// Arena: per owner and class a list of the runs that have room.
#include "base/arena.h"

#include <cassert>
#include <cstring>

namespace vmoat {

Arena::Arena(size_t bytes_max, uint16_t owners)
    : region_(bytes_max / run_bytes * run_bytes + run_bytes),
      runs_(bytes_max / run_bytes + 1),
      owners_(owners),
      share_runs_(bytes_max / run_bytes / (owners == 1 ? 1 : share)) {}

uint32_t Arena::class_of(uint32_t bytes) {
  assert(bytes <= piece_bytes_max);
  uint32_t c = 0;
  while (sizes[c] < bytes) c++;
  return c;
}

void Arena::link(uint32_t run) {
  uint32_t& first = owners_[runs_[run].owner].with_room[runs_[run].size_class];
  runs_[run].next = first;
  runs_[run].prev = 0;
  if (first != 0) runs_[first].prev = run;
  first = run;
}

void Arena::unlink(uint32_t run) {
  Run& r = runs_[run];
  (r.prev != 0 ? runs_[r.prev].next : owners_[r.owner].with_room[r.size_class]) = r.next;
  if (r.next != 0) runs_[r.next].prev = r.prev;
}

uint32_t Arena::open_run(uint32_t size_class, uint16_t owner) {
  uint32_t run = empty_;
  if (owners_[owner].runs == share_runs_) return 0;
  if (run != 0) {
    empty_ = runs_[run].next;
  } else if (next_run_ < runs_.size()) {
    run = next_run_++;
  } else {
    return 0;
  }
  owners_[owner].runs++;
  runs_[run] = {.owner = owner, .size_class = static_cast<uint8_t>(size_class)};
  link(run);
  return run;
}

uint32_t Arena::take(uint32_t bytes, uint16_t owner) {
  const uint32_t c = class_of(bytes);
  const auto whose = static_cast<uint16_t>(owner % owners_.size());
  const uint32_t with_room = owners_[whose].with_room[c];
  const uint32_t run = with_room != 0 ? with_room : open_run(c, whose);
  if (run == 0) return 0;
  Run& r = runs_[run];
  uint32_t piece = r.free;
  if (piece != 0) {
    std::memcpy(&r.free, at(piece), sizeof piece);
  } else {
    piece = (run * run_bytes + r.cut++ * sizes[c]) / granule;
  }
  r.used++;
  if (is_full(r)) unlink(run);
  used_ += sizes[c];
  return piece;
}

void Arena::give_back(uint32_t piece) {
  const uint32_t run = run_of(piece);
  assert(run != 0 && run < runs_.size());
  Run& r = runs_[run];
  if (is_full(r)) link(run);
  std::memcpy(at(piece), &r.free, sizeof piece);
  r.free = piece;
  used_ -= sizes[r.size_class];
  if (--r.used != 0) return;
  unlink(run);
  owners_[r.owner].runs--;
  r.next = empty_;
  empty_ = run;
}

}  // namespace vmoat
