// Pieces of text protocols: prefixes, lines, header fields. All work on views into the opening.
#pragma once

#include <algorithm>
#include <string_view>

#include "apps/application.h"

namespace vmoat {

/** How far `bytes` agree with `wanted`: `no` they differ, `more` they are a prefix of it, `sure` they begin
 * with it. */
inline Claim begins(Bytes bytes, std::string_view wanted) {
  const std::string_view text = as_text(bytes).substr(0, wanted.size());
  if (text != wanted.substr(0, text.size())) return Claim::no;
  return text.size() == wanted.size() ? Claim::sure : Claim::more;
}

/** Whether the first letters are those of one of `words`, in either case; `more` while they may become so. */
template <size_t count>
Claim begins_with_any(Bytes bytes, const std::string_view (&words)[count]);

constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
constexpr bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}
constexpr char lower(char c) {
  return is_upper(c) ? static_cast<char>(c + 32) : c;
}
constexpr bool is_letter(char c) {
  return lower(c) >= 'a' && lower(c) <= 'z';
}
constexpr bool is_printable(char c) {
  return c >= ' ' && c <= '~';
}

inline bool same_letters(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); i++)
    if (lower(a[i]) != lower(b[i])) return false;
  return true;
}

template <size_t count>
Claim begins_with_any(Bytes bytes, const std::string_view (&words)[count]) {
  Claim best = Claim::no;
  for (std::string_view word : words) {
    const std::string_view text = as_text(bytes).substr(0, word.size());
    if (same_letters(text, word.substr(0, text.size())))
      best = std::max(best, text.size() == word.size() ? Claim::sure : Claim::more);
  }
  return best;
}

/** Position of `wanted` (in lower case) in `text` of either case, npos when it is not there. */
inline size_t find_letters(std::string_view text, std::string_view wanted) {
  const auto same = [](char a, char b) { return lower(a) == b; };
  const auto at = std::search(text.begin(), text.end(), wanted.begin(), wanted.end(), same);
  return at == text.end() ? std::string_view::npos : static_cast<size_t>(at - text.begin());
}

/** True when no byte of `text` is a control character; bytes above 127 may be UTF-8. Looks at all of them, so
 * that the compiler takes many at once. */
inline bool is_text(std::string_view text) {
  bool control = false;
  for (char c : text) control |= (static_cast<uint8_t>(c) < ' ' && c != '\t') || c == 0x7f;
  return !control;
}

/** A line without its CRLF or LF. `complete` is false where the text ends before the line does. */
struct Line {
  std::string_view text;
  bool complete = false;
};

/** Takes one line off the front of `text`. */
inline Line take_line(std::string_view& text) {
  const size_t end = text.find('\n');
  const bool complete = end != std::string_view::npos;
  std::string_view line = text.substr(0, end);
  text.remove_prefix(complete ? end + 1 : text.size());
  if (line.ends_with('\r')) line.remove_suffix(1);
  return {line, complete};
}

/** Whether `test` is true of one of the complete lines of `bytes`. */
template <class Test>
bool any_line(Bytes bytes, Test test) {
  for (std::string_view text = as_text(bytes); !text.empty();) {
    const Line line = take_line(text);
    if (line.complete && test(line.text)) return true;
  }
  return false;
}

/** Whether the first bytes are lines of text: what a text protocol met mid-stream must at least be. */
inline bool speaks_text(Bytes bytes) {
  const std::string_view text = as_text(bytes.first(std::min<size_t>(bytes.size(), 64)));
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return c == '\r' || c == '\n' || is_text({&c, 1}); });
}

/** Whether `line` begins with one of `words`, in either case. */
template <size_t count>
bool starts_with_any(std::string_view line, const std::string_view (&words)[count]) {
  return std::any_of(std::begin(words), std::end(words),
                     [&](std::string_view word) { return same_letters(line.substr(0, word.size()), word); });
}

/** Takes what stands before `stop` off the front; the stop goes, too. All of it when there is none. */
inline std::string_view take_until(std::string_view& text, char stop) {
  const size_t end = text.find(stop);
  const std::string_view word = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return word;
}

/** Takes a string up to its zero, which goes, too; fails when there is none. */
inline std::string_view take_c_string(ByteReader& in) {
  const std::string_view rest = as_text(in.rest());
  const size_t end = rest.find('\0');
  if (end == rest.npos) {
    in.fail();
    return {};
  }
  in.skip(end + 1);
  return rest.substr(0, end);
}

inline std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

/** Takes digits off the front as a number, at most `digits_max` (18) of them; -1 when there is none or one
 * too many. */
inline int64_t take_number(std::string_view& text, size_t digits_max) {
  digits_max = std::min<size_t>(digits_max, 18);  // what 63 bits hold
  int64_t value = 0;
  size_t count = 0;
  while (count < text.size() && is_digit(text[count])) {
    if (count == digits_max) return -1;
    value = value * 10 + (text[count++] - '0');
  }
  text.remove_prefix(count);
  return count == 0 ? -1 : value;
}

/** What follows `word` (in either case) on the first complete line that begins with it; empty when none does.
 */
inline std::string_view after_word(Bytes bytes, std::string_view word) {
  std::string_view found;
  any_line(bytes, [&](std::string_view line) {
    const bool here = same_letters(line.substr(0, word.size()), word) && is_text(line);
    if (here) found = trim(line.substr(word.size()));
    return here;
  });
  return found;
}

}  // namespace vmoat
