#include "threats/content/decode.h"

#include <array>

namespace vmoat {
namespace {

/** The code unit of %XX or %uXXXX at `at`, and how long that is; length 0 where there is none. */
struct Unit {
  int value = 0;
  size_t length = 0;
};

Unit unit_at(std::string_view text, size_t at) {
  const auto digits = [&](size_t from, size_t count) {
    int value = 0;
    for (size_t i = from; i < from + count; i++) {
      const int digit = i < text.size() ? hex_digit(text[i]) : -1;
      if (digit < 0) return -1;
      value = value * 16 + digit;
    }
    return value;
  };
  if (text[at] != '%' || at + 2 >= text.size()) return {};
  if ((text[at + 1] | 0x20) == 'u') {
    const int value = digits(at + 2, 4);
    return value < 0 ? Unit{} : Unit{value, 6};
  }
  const int value = digits(at + 1, 2);
  return value < 0 ? Unit{} : Unit{value, 3};
}

/** Two bytes that stand for one of ASCII (RFC 3629, 10): %c0%ae is a dot to a lax decoder. */
int overlong(int first, int second) {
  if ((first != 0xc0 && first != 0xc1) || second < 0x80 || second > 0xbf) return -1;
  return (first & 1) << 6 | (second & 0x3f);
}

/** One pass; in place where `out` is the text's own memory, since it only gets shorter. */
size_t pass(std::string_view text, bool plus, bool again, std::span<char> out, bool& dots) {
  size_t size = 0;
  for (size_t at = 0; at < text.size() && size < out.size();) {
    Unit unit = unit_at(text, at);
    if (unit.length == 0) {
      out[size++] = plus && text[at] == '+' ? ' ' : text[at];
      at++;
      continue;
    }
    bool odd = again;
    const Unit next = at + unit.length < text.size() ? unit_at(text, at + unit.length) : Unit{};
    if (const int wide = next.length != 0 ? overlong(unit.value, next.value) : -1; wide >= 0) {
      unit = {wide, unit.length + next.length};
      odd = true;
    }
    if (unit.length == 6 && unit.value >= 0xff01 && unit.value <= 0xff5e) unit.value -= 0xfee0;  // full width
    const char c = unit.value < 256 ? static_cast<char>(unit.value) : '?';
    if (c == '.' || (odd && (c == '/' || c == '\\'))) dots = true;
    out[size++] = c;
    at += unit.length;
  }
  return size;
}

bool has_unit(std::string_view text) {
  for (size_t at = text.find('%'); at != text.npos; at = text.find('%', at + 1))
    if (unit_at(text, at).length != 0) return true;
  return false;
}

constexpr std::array<uint16_t, 256> make_marks() {
  std::array<uint16_t, 256> marks{};
  for (size_t i = 0; i < marks.size(); i++) {
    const char c = static_cast<char>(i);
    const bool word = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    const bool plain = word || c == '-' || c == '_' || c == '.' || c == '~';
    marks[i] = plain ? 0 : mark_other;
  }
  const auto set = [&](std::string_view characters, uint16_t mark) {
    for (char c : characters) marks[static_cast<uint8_t>(c)] = mark;
  };
  set("'\"`", mark_quote);
  set("$", mark_dollar);
  set("<>", mark_angle);
  set("()", mark_paren);
  set("%", mark_percent);
  set("/\\", mark_slash);
  set(";|&\r\n", mark_separator);
  set("#*", mark_comment);
  set("=", mark_equals);
  set("{}", mark_brace);
  set(" \t", mark_blank);
  return marks;
}
constexpr std::array<uint16_t, 256> marks_by_character = make_marks();

}  // namespace

Decoded decode_percent(std::string_view text, bool plus, std::span<char> buffer) {
  const bool encoded = text.find('%') != text.npos;
  if (!encoded && (!plus || text.find('+') == text.npos)) return {text, false};
  Decoded decoded;
  size_t size = pass(text, plus, false, buffer, decoded.dots_encoded);
  if (has_unit({buffer.data(), size}))
    size = pass({buffer.data(), size}, false, true, buffer.first(size), decoded.dots_encoded);
  decoded.text = {buffer.data(), size};
  return decoded;
}

uint16_t marks_of(std::string_view text) {
  uint16_t marks = 0;
  for (char c : text) marks |= marks_by_character[static_cast<uint8_t>(c)];
  return marks;
}

}  // namespace vmoat
