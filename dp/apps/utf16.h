// UTF-16 as Windows' protocols write it, in UTF-8.
#pragma once

#include <array>

#include "base/byte_reader.h"

namespace vmoat {

/** Little-endian; at most 255 bytes come out, surrogates and zeros as '?'. */
class Utf8OfUtf16 {
 public:
  explicit Utf8OfUtf16(Bytes units) {
    ByteReader in(units);
    while (in.left() >= 2 && used_ + 3 <= text_.size()) add(in.le16());
  }
  [[nodiscard]] std::string_view view() const { return {text_.data(), used_}; }

 private:
  void add(uint16_t unit) {
    const bool shown = unit != 0 && (unit & 0xf800) != 0xd800;
    if (!shown) return put('?');
    if (unit < 0x80) return put(unit);
    if (unit >= 0x800) put(0xe0 | unit >> 12);
    put(unit >= 0x800 ? 0x80 | (unit >> 6 & 0x3f) : 0xc0 | unit >> 6);
    put(0x80 | (unit & 0x3f));
  }
  void put(int byte) { text_[used_++] = static_cast<char>(byte); }
  std::array<char, 255> text_;
  size_t used_ = 0;
};

}  // namespace vmoat
