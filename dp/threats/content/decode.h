// Decoding: percent-encoding (RFC 3986, 2.1) as servers read it, and the marks of a text.
#pragma once

#include <span>
#include <string_view>

#include "threats/content/messages.h"

namespace vmoat {

struct Decoded {
  std::string_view text;      // in the buffer, or the text itself where nothing was encoded
  bool dots_encoded = false;  // a dot, or twice encoded or overlong a slash: no client writes them so
};

/**
 * Decodes into `buffer`, what does not fit is cut off; a second time where the first leaves an encoded
 * character. Also IIS's %uXXXX and the overlong UTF-8 of dot and slashes. `plus`: "+" is a blank (forms).
 */
Decoded decode_percent(std::string_view text, bool plus, std::span<char> buffer);

/** HttpMarks of a text. */
uint16_t marks_of(std::string_view text);

/** The value of a hexadecimal digit, -1 for any other character. */
constexpr int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char low = static_cast<char>(c | 0x20);
  return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

}  // namespace vmoat
