// Slab<T>: a bounded pool of plain objects named by number; 0 names none. Freed numbers are used again first.
#pragma once

#include <cassert>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "base/region.h"

namespace vmoat {

template <class T>
class Slab {
  static_assert(std::is_trivially_copyable_v<T> && sizeof(T) >= sizeof(uint32_t));

 public:
  explicit Slab(uint32_t capacity)
      : region_((static_cast<size_t>(capacity) + 1) * sizeof(T)), capacity_(capacity) {}

  /** A zeroed object's number, or 0 when the pool is full. */
  uint32_t take() {
    uint32_t number = free_;
    if (number != 0) {
      std::memcpy(&free_, raw(number), sizeof free_);
      std::memset(raw(number), 0, sizeof(T));
    } else if (top_ < capacity_) {
      number = ++top_;
    } else {
      return 0;
    }
    used_++;
    return number;
  }
  void give_back(uint32_t number) {
    assert(number != 0 && number <= top_);
    std::memcpy(raw(number), &free_, sizeof free_);
    free_ = number;
    used_--;
  }
  T& operator[](uint32_t number) const {
    assert(number != 0 && number <= capacity_);
    return *reinterpret_cast<T*>(raw(number));
  }
  [[nodiscard]] uint32_t used() const { return used_; }
  /** The highest number ever given out. */
  [[nodiscard]] uint32_t top() const { return top_; }
  [[nodiscard]] uint32_t capacity() const { return capacity_; }

 private:
  [[nodiscard]] uint8_t* raw(uint32_t number) const { return region_.data() + number * sizeof(T); }

  Region region_;
  uint32_t capacity_, top_ = 0, free_ = 0, used_ = 0;
};

}  // namespace vmoat
