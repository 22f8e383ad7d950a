// Ring: one worker's BPF ring buffer, read in batches straight from its memory.
#pragma once

#include <cstdint>
#include <span>

#include "base/fd.h"
#include "base/result.h"
#include "contract/kernel.h"

namespace vmoat {

class Ring {
 public:
  /** Takes the fd of a BPF_MAP_TYPE_RINGBUF map of `bytes`. */
  static Result<Ring> map(Fd fd, uint32_t bytes);
  Ring(Ring&& other) noexcept;
  Ring& operator=(Ring&&) = delete;
  ~Ring();

  [[nodiscard]] int fd() const { return fd_.get(); }
  /** Fills `events` with the next finished ones and says how many; they stay valid until release(). */
  size_t peek(std::span<const vmoat_event*> events);
  /** Gives what peek() returned back to the kernel. */
  void release();

 private:
  Ring(Fd fd, uint32_t bytes) : fd_(std::move(fd)), bytes_(bytes) {}

  Fd fd_;
  uint32_t bytes_;
  uint64_t* consumer_ = nullptr;        // a page of our own
  const uint64_t* producer_ = nullptr;  // a page of the kernel's, then the data, mapped twice in a row
  const uint8_t* data_ = nullptr;
  uint64_t next_ = 0;
};

}  // namespace vmoat
