// Marks: remembers that something was seen, in a fixed table where a newer mark may take an older one's
// place.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/siphash.h"

namespace vmoat {

class Marks {
 public:
  Marks(size_t size, SipHash hash) : hash_(hash), marks_(size) {}

  void add(const uint64_t* words, size_t count) {
    const uint64_t h = hash_(words, count);
    marks_[place(h)] = mark(h);
  }
  [[nodiscard]] bool has(const uint64_t* words, size_t count) const {
    const uint64_t h = hash_(words, count);
    return marks_[place(h)] == mark(h);
  }

 private:
  [[nodiscard]] size_t place(uint64_t h) const { return static_cast<uint32_t>(h) % marks_.size(); }
  static uint32_t mark(uint64_t h) { return static_cast<uint32_t>(h >> 32) | 1; }  // 0 is an empty place

  SipHash hash_;
  std::vector<uint32_t> marks_;
};

}  // namespace vmoat
