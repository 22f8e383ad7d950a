// Region: a large piece of zeroed memory reserved at start; beside its first huge page only what is touched
// becomes resident, nothing ever moves.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

namespace vmoat {

class Region {
 public:
  Region() = default;
  /** Ends the process where not even address space is to be had, as operator new does. */
  explicit Region(size_t bytes);
  Region(Region&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  Region& operator=(Region&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~Region();

  [[nodiscard]] uint8_t* data() const { return data_; }
  [[nodiscard]] size_t size() const { return size_; }

 private:
  uint8_t* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace vmoat
