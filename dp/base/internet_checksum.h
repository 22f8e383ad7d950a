// The Internet checksum (RFC 1071), of which the parts of a packet are summed one after the other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace vmoat {

class InternetChecksum {
 public:
  /** A part but the last one has an even number of bytes. */
  void add(std::span<const uint8_t> bytes) {
    size_t i = 0;
    for (; i + 1 < bytes.size(); i += 2) sum_ += static_cast<uint32_t>(bytes[i] << 8 | bytes[i + 1]);
    if (i < bytes.size()) sum_ += static_cast<uint32_t>(bytes[i] << 8);
  }
  void add(uint32_t number) { sum_ += (number >> 16) + (number & 0xffff); }
  /** What stands in the header; 0 of a packet that has its checksum in it and is as it was sent. */
  [[nodiscard]] uint16_t value() const {
    uint64_t sum = sum_;
    while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
    return static_cast<uint16_t>(~sum);
  }

 private:
  uint64_t sum_ = 0;
};

}  // namespace vmoat
