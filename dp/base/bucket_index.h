// BucketIndex: hash → number, bounded and never rebuilt. A bucket is one cache line of nine entries; what
// does not fit goes to a chained spare bucket, so that an insertion costs the same at any fill.
#pragma once

#include <cstdint>

#include "base/slab.h"

namespace vmoat {

class BucketIndex {
 public:
  /** For up to `capacity` entries. */
  explicit BucketIndex(uint32_t capacity)
      : mask_(buckets_for(capacity) - 1),
        region_(static_cast<size_t>(mask_ + 1) * sizeof(Bucket)),
        spares_(capacity / 16 + 64) {}

  void prefetch(uint32_t hash) const { __builtin_prefetch(&bucket(hash)); }

  /** Calls `each(number)` for every entry that may bear this hash until it returns true; that number, or 0.
   */
  template <class Each>
  uint32_t find(uint32_t hash, Each&& each) const {
    for (const Bucket* b = &bucket(hash);; b = &spares_[b->more]) {
      for (int i = 0; i < b->used; i++)
        if (b->tags[i] == tag_of(hash) && each(b->numbers[i])) return b->numbers[i];
      if (b->more == 0) return 0;
    }
  }
  /** False when the spare buckets are used up. Precondition: the number is not in the index. */
  bool insert(uint32_t hash, uint32_t number) {
    Bucket* b = &bucket(hash);
    while (b->used == entries && b->more != 0) b = &spares_[b->more];
    if (b->used == entries) {
      uint32_t spare = spares_.take();
      if (spare == 0) return false;
      b->more = spare;
      b = &spares_[spare];
    }
    b->tags[b->used] = tag_of(hash);
    b->numbers[b->used++] = number;
    return true;
  }
  /** Takes the entry out; the last of its chain fills the hole. */
  void erase(uint32_t hash, uint32_t number) {
    Bucket* first = &bucket(hash);
    Bucket *hole = nullptr, *before = nullptr, *last = first;
    int at = 0;
    for (Bucket* b = first;; before = b, b = &spares_[b->more]) {
      for (int i = 0; i < b->used && hole == nullptr; i++)
        if (b->numbers[i] == number) hole = b, at = i;
      last = b;
      if (b->more == 0) break;
    }
    if (hole == nullptr) return;
    hole->tags[at] = last->tags[last->used - 1];
    hole->numbers[at] = last->numbers[last->used - 1];
    if (--last->used == 0 && before != nullptr) {
      spares_.give_back(before->more);
      before->more = 0;
    }
  }

 private:
  static constexpr int entries = 9;
  struct alignas(64) Bucket {
    uint32_t more;  // spare bucket, 0 = none
    uint16_t used;
    uint16_t tags[entries];
    uint32_t numbers[entries];
  };
  static_assert(sizeof(Bucket) == 64);

  static uint32_t buckets_for(uint32_t capacity) {
    uint32_t count = 64;
    while (count < capacity / 6) count *= 2;
    return count;
  }
  static uint16_t tag_of(uint32_t hash) { return static_cast<uint16_t>(hash >> 16); }
  [[nodiscard]] Bucket& bucket(uint32_t hash) const {
    return reinterpret_cast<Bucket*>(region_.data())[hash & mask_];
  }

  uint32_t mask_;
  Region region_;
  Slab<Bucket> spares_;
};

}  // namespace vmoat
