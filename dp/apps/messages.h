// Messages of header lines, an empty line and a body of Content-Length bytes, as SIP and RTSP have them;
// followed over any number of chunks. And the addresses in them, without what is nobody's business.
#pragma once

#include "apps/lines.h"

namespace vmoat {

struct TextMessage {
  std::string_view start;   // first line
  std::string_view fields;  // the lines after it
  std::string_view body;
};

/** The value of the first field of one of two names (long and compact), trimmed; empty when there is none. */
inline std::string_view field_of(std::string_view fields, std::string_view name,
                                 std::string_view compact = {}) {
  while (!fields.empty()) {
    std::string_view value = take_line(fields).text;
    const std::string_view key = trim(take_until(value, ':'));
    if (same_letters(key, name) || (!compact.empty() && same_letters(key, compact))) return trim(value);
  }
  return {};
}

/** A version stands at the front of a response and at the end of a request. */
inline bool is_start_line(std::string_view line, std::string_view version) {
  const size_t space = line.rfind(' ');
  return line.starts_with(version) || (space != line.npos && line.substr(space + 1).starts_with(version));
}

/** How far `text` is one message; 0 when its end is still to come. */
inline size_t message_end(std::string_view text, TextMessage& message) {
  const size_t head = text.find("\r\n\r\n");
  if (head == text.npos) return 0;
  std::string_view fields = text.substr(0, head + 2);
  message.start = take_line(fields).text;
  message.fields = fields;
  std::string_view digits = field_of(fields, "content-length", "l");
  const int64_t length = digits.empty() ? 0 : std::max<int64_t>(0, take_number(digits, 9));
  message.body = text.substr(head + 4, static_cast<size_t>(length));
  return message.body.size() == static_cast<size_t>(length) ? head + 4 + message.body.size() : 0;
}

/** Calls `each(message)` for what reads as messages; returns what is unfinished at the end. */
template <class Each>
std::string_view read_messages(std::string_view text, std::string_view version, bool last, Each each) {
  while (!text.empty()) {
    std::string_view rest = text;
    const Line line = take_line(rest);
    if (!line.complete) return text;
    TextMessage message;
    if (!is_start_line(line.text, version)) {
      text = rest;  // the tail of something else: interleaved media, a body that was cut
      continue;
    }
    const size_t end = message_end(text, message);
    if (end == 0 && !last) return text;
    if (!message.start.empty()) each(message);
    text.remove_prefix(end == 0 ? text.size() : end);
  }
  return {};
}

/** The messages that the speaking side has ended now. A datagram is one; a stream's rest is kept. */
template <class Each>
void each_text_message(const Opening& opening, Findings& findings, std::string_view version, Each each) {
  if (opening.transport == over_udp) {
    read_messages(as_text(datagram(opening)), version, true, each);
    return;
  }
  const Joined<2 * kept_bytes_max> joined(opening);
  const bool kept = !kept_of_speaker(opening).empty();
  const std::string_view text = kept ? joined.view() : as_text(datagram(opening));
  const std::string_view rest = read_messages(text, version, text.size() >= kept_bytes_max, each);
  keep_text(rest.size() > kept_bytes_max ? std::string_view{} : rest, findings);
}

/** A URI without password, parameters and query: `sip:bob@example.org`, `rtsp://example.org/a`. */
class CleanUri {
 public:
  explicit CleanUri(std::string_view uri) {
    constexpr std::string_view schemes[] = {"sip", "sips", "tel", "im", "urn", "rtsp", "rtsps", "rtspu"};
    const size_t scheme = uri.find(':');
    const auto known = [&](std::string_view name) { return same_letters(name, uri.substr(0, scheme)); };
    if (scheme == uri.npos || std::none_of(std::begin(schemes), std::end(schemes), known)) return;
    std::string_view rest = uri.substr(scheme + 1);
    const bool hierarchical = rest.starts_with("//");
    add(uri.substr(0, scheme + 1));
    if (hierarchical) add("//");
    if (hierarchical) rest.remove_prefix(2);
    const size_t authority = hierarchical ? std::min(rest.find('/'), rest.size()) : rest.size();
    const size_t at = rest.substr(0, authority).rfind('@');
    if (at != rest.npos) {
      const std::string_view user = rest.substr(0, at);
      if (!hierarchical) add(user.substr(0, user.find_first_of(":;?")));
      if (!hierarchical) add("@");
      rest.remove_prefix(at + 1);
    }
    add(rest.substr(0, rest.find_first_of(";?>, \t")));
  }
  [[nodiscard]] std::string_view view() const { return {text_.data(), used_}; }

 private:
  void add(std::string_view text) { used_ += text.copy(&text_[used_], text_.size() - used_); }
  std::array<char, 256> text_;
  size_t used_ = 0;
};

}  // namespace vmoat
