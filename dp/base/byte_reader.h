// ByteReader: reads hostile bytes; the first read past the end fails and every later one with it,
// so that one check ends a parse.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace vmoat {

using Bytes = std::span<const uint8_t>;

class ByteReader {
 public:
  explicit ByteReader(Bytes bytes) : bytes_(bytes) {}

  /** False once any read went past the end. */
  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] size_t offset() const { return at_; }
  [[nodiscard]] size_t left() const { return ok_ ? bytes_.size() - at_ : 0; }
  [[nodiscard]] Bytes rest() const { return ok_ ? bytes_.subspan(at_) : Bytes{}; }

  uint8_t u8() { return take(1) ? bytes_[at_ - 1] : 0; }
  uint16_t be16() { return static_cast<uint16_t>(big_endian(2)); }
  uint32_t be24() { return static_cast<uint32_t>(big_endian(3)); }
  uint32_t be32() { return static_cast<uint32_t>(big_endian(4)); }
  uint64_t be64() { return big_endian(8); }
  uint16_t le16() { return static_cast<uint16_t>(little_endian(2)); }
  uint32_t le24() { return static_cast<uint32_t>(little_endian(3)); }
  uint32_t le32() { return static_cast<uint32_t>(little_endian(4)); }
  uint64_t le64() { return little_endian(8); }

  /** The next `count` bytes, or an empty span and failure. */
  Bytes bytes(size_t count) { return take(count) ? bytes_.subspan(at_ - count, count) : Bytes{}; }
  std::string_view text(size_t count) {
    Bytes b = bytes(count);
    return {reinterpret_cast<const char*>(b.data()), b.size()};
  }
  void skip(size_t count) { take(count); }
  /** Marks the parse as failed, for a value that cannot be. */
  void fail() { ok_ = false; }

 private:
  bool take(size_t count) {
    if (!ok_ || count > bytes_.size() - at_) return ok_ = false;
    at_ += count;
    return true;
  }
  uint64_t big_endian(size_t count) {
    uint64_t value = 0;
    if (take(count))
      for (size_t i = at_ - count; i < at_; i++) value = value << 8 | bytes_[i];
    return value;
  }
  uint64_t little_endian(size_t count) {
    uint64_t value = 0;
    if (take(count))
      for (size_t i = at_; i-- > at_ - count;) value = value << 8 | bytes_[i];
    return value;
  }

  Bytes bytes_;
  size_t at_ = 0;
  bool ok_ = true;
};

/** The bytes as text; no encoding is promised. */
inline std::string_view as_text(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

inline Bytes as_bytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

}  // namespace vmoat
