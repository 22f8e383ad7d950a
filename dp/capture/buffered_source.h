// BufferedSource: bytes that come piece by piece (read or inflated) in a buffer that holds what is still
// needed.
#pragma once

#include <vector>

#include "capture/byte_source.h"

namespace vmoat {

class BufferedSource : public ByteSource {
 public:
  [[nodiscard]] Bytes at_hand() const override { return Bytes(buffer_).subspan(at_, end_ - at_); }
  Bytes need(size_t count) override;
  void skip(size_t count) override {
    at_ += count;
    passed_ += count;
  }
  [[nodiscard]] uint64_t offset() const override { return passed_; }
  [[nodiscard]] std::optional<std::string> failure() const override { return failure_; }

 protected:
  /** Writes up to `room` bytes to `to`; 0 at the end or on failure (then failure_ is set). */
  virtual size_t fill(uint8_t* to, size_t room) = 0;

  std::optional<std::string> failure_;

 private:
  static constexpr size_t buffer_bytes = 256 << 10;  // stays in the second-level cache

  std::vector<uint8_t> buffer_;
  size_t at_ = 0, end_ = 0;
  uint64_t passed_ = 0;
  bool ended_ = false;
};

}  // namespace vmoat
