// A machine of one state per byte of a head; bodies are content. It keeps the front of a line, which has
// all that decides where a request ends, and the line's last bytes for the version.
#include "apps/http_stream.h"

#include <algorithm>

#include "apps/text.h"

namespace vmoat {
namespace {

constexpr uint32_t line_bytes_max = 65536;
constexpr size_t method_bytes_max = 24, length_digits_max = 18, size_digits_max = 15;
constexpr std::string_view version_shape = " HTTP/1.d";

enum class Phase : uint8_t { request, fields, size, chunk_end, trailer };

struct Memory {
  uint64_t length = 0;  // of the body
  uint32_t line = 0;    // bytes of the line so far
  Phase phase = Phase::request;
  bool has_length = false, is_chunked = false;
  std::array<char, version_shape.size() + 1> tail{};  // the line's last bytes, its CR among them
  std::array<char, 64> front{};
};

/** -1 where it is no digit of base 16. */
int hex_value(char c) {
  const int letter = (c | 32) - 'a';
  return is_digit(c) ? c - '0' : letter >= 0 && letter < 6 ? letter + 10 : -1;
}

bool is_token(char c) {
  constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
  return is_letter(c) || is_digit(c) || marks.find(c) != marks.npos;
}

class Reader {
 public:
  Reader(Memory& memory, StreamMemory& stream) : m_(memory), stream_(stream) {}
  bool read(Bytes& said);

 private:
  [[nodiscard]] std::string_view front() const {
    return {m_.front.data(), std::min<size_t>(m_.line, m_.front.size())};
  }
  /** Without its CR; only where it is whole. */
  [[nodiscard]] std::string_view line() const {
    const std::string_view text = front();
    return text.ends_with('\r') ? text.substr(0, text.size() - 1) : text;
  }
  [[nodiscard]] bool is_whole() const { return m_.line <= m_.front.size(); }
  [[nodiscard]] bool is_empty() const { return is_whole() && line().empty(); }
  bool keep(char c);
  [[nodiscard]] bool may_follow(char c) const;
  bool end_line();
  [[nodiscard]] bool has_version() const;
  bool end_head();
  bool field();
  bool length(std::string_view value);
  bool size();
  bool become(Phase phase) { return m_.phase = phase, true; }
  bool become(Phase phase, uint64_t after_bytes) { return stream_.content = after_bytes, become(phase); }

  Memory& m_;
  StreamMemory& stream_;
};

bool Reader::read(Bytes& said) {
  while (!said.empty() && stream_.content == 0) {
    const char c = static_cast<char>(said[0]);
    said = said.subspan(1);
    if (c != '\n' && !keep(c)) return false;
    if (c != '\n') continue;
    if (!end_line()) return false;
    m_.line = 0;
  }
  return true;
}

bool Reader::keep(char c) {
  const bool odd = (static_cast<uint8_t>(c) < ' ' && c != '\t' && c != '\r') || c == 127;
  const bool behind_cr = m_.line > 0 && m_.tail.back() == '\r';  // which some take for a line's end
  if (odd || behind_cr || m_.line >= line_bytes_max) return false;
  if (m_.line < m_.front.size()) m_.front[m_.line] = c;
  m_.line++;
  std::copy(m_.tail.begin() + 1, m_.tail.end(), m_.tail.begin());
  m_.tail.back() = c;
  return may_follow(c);
}

/** What tells another protocol before its line has ended. */
bool Reader::may_follow(char c) const {
  if (m_.phase == Phase::chunk_end) return m_.line == 1 && c == '\r';
  if (m_.phase == Phase::size) return is_whole() && (m_.line > 1 || hex_value(c) >= 0);
  if (m_.phase != Phase::request || c == '\r' || m_.line > method_bytes_max + 1) return true;
  const size_t method = std::min(front().find(' '), front().size());
  return method > 0 && method <= method_bytes_max && std::ranges::all_of(front().substr(0, method), is_token);
}

bool Reader::end_line() {
  switch (m_.phase) {
    case Phase::request:
      if (is_empty()) return true;  // RFC 9112, 2.2
      m_.length = 0;
      m_.has_length = m_.is_chunked = false;
      return has_version() && become(Phase::fields);
    case Phase::fields:
      return is_empty() ? end_head() : field();
    case Phase::size:
      return size();
    case Phase::chunk_end:
      return is_empty() && become(Phase::size);
    case Phase::trailer:
      return !is_empty() || become(Phase::request);
    default:
      return false;
  }
}

bool Reader::has_version() const {
  std::string_view tail(m_.tail.data(), m_.tail.size());
  tail = tail.ends_with('\r') ? tail.substr(0, version_shape.size()) : tail.substr(1);
  return m_.line > version_shape.size() && tail.starts_with(version_shape.substr(0, tail.size() - 1)) &&
         is_digit(tail.back());
}

bool Reader::end_head() {
  if (m_.is_chunked) return !m_.has_length && become(Phase::size);
  return become(Phase::request, m_.length);
}

/** A field that says where the body ends has to say so at the front of its line, and once. */
bool Reader::field() {
  std::string_view value = line();
  const size_t colon = value.find(':');
  if (colon == value.npos) return false;
  const std::string_view name = take_until(value, ':');
  if (name.empty() || name.find_first_of(" \t") != name.npos) return false;
  if (same_letters(name, "content-length")) return is_whole() && length(trim(value));
  if (!same_letters(name, "transfer-encoding")) return true;
  const bool chunked = is_whole() && !m_.is_chunked && same_letters(trim(value), "chunked");
  return m_.is_chunked = chunked;
}

bool Reader::length(std::string_view value) {
  const bool digits = std::ranges::all_of(value, is_digit);
  if (m_.has_length || !digits || value.empty() || value.size() > length_digits_max) return false;
  m_.has_length = true;
  for (const char c : value) m_.length = m_.length * 10 + static_cast<uint64_t>(c - '0');
  return true;
}

bool Reader::size() {
  const std::string_view text = line().substr(0, line().find(';'));
  const std::string_view digits = trim(text);
  if (digits.empty() || digits.size() > size_digits_max) return false;
  uint64_t size = 0;
  for (const char c : digits) {
    if (hex_value(c) < 0) return false;
    size = size * 16 + static_cast<uint64_t>(hex_value(c));
  }
  return size == 0 ? become(Phase::trailer) : become(Phase::chunk_end, size);
}

}  // namespace

bool http_goes_on(Bytes& said, StreamMemory& memory) {
  auto own = memory.as<Memory>();
  const bool goes_on = Reader(own, memory).read(said);
  memory.head = own.phase == Phase::chunk_end && own.line == 0 ? VMOAT_CHUNK_HEAD : VMOAT_NO_HEAD;
  memory.keep(own);
  return goes_on;
}

}  // namespace vmoat
