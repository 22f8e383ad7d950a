// syslog: RFC 5424 and RFC 3164 over UDP, TCP with either framing (RFC 6587): "<priority>" and what must
// follow it.
#include "apps/sides.h"
#include "apps/text.h"

namespace vmoat {
namespace {

constexpr uint16_t ports[] = {514, 601, 1514};
constexpr int64_t priority_max = 191;

/** "Mmm dd hh:mm:ss": RFC 3164, 4.1.2. */
bool is_old_time(std::string_view text) {
  constexpr std::string_view months = "JanFebMarAprMayJunJulAugSepOctNovDec";
  constexpr std::string_view shape = " xd dd:dd:dd";
  if (text.size() < 3 + shape.size()) return false;
  const size_t month = months.find(text.substr(0, 3));
  if (month == months.npos || month % 3 != 0) return false;
  for (size_t i = 0; i < shape.size(); i++) {
    const char c = text[3 + i];
    const bool fits = shape[i] == 'd'   ? is_digit(c)
                      : shape[i] == 'x' ? is_digit(c) || c == ' '
                                        : c == shape[i];
    if (!fits) return false;
  }
  return true;
}

/** "1 2024-…" or "1 - ": RFC 5424, 6.2. */
bool is_new_header(std::string_view text) {
  if (!text.starts_with("1 ") || text.size() < 7) return false;
  return text.substr(2, 2) == "- " || (is_digit(text[2]) && is_digit(text[5]) && text[6] == '-');
}

/** "<priority>" at the front, 0 to 191 without leading zeros; it is taken off. */
Claim take_priority(std::string_view& text) {
  if (text.empty()) return Claim::more;
  if (text[0] != '<') return Claim::no;
  text.remove_prefix(1);
  if (text.empty()) return Claim::more;
  const bool padded = text.size() > 1 && text[0] == '0' && is_digit(text[1]);
  const bool digits = is_digit(text[0]);
  const int64_t priority = take_number(text, 3);
  if (!digits || padded || priority < 0 || priority > priority_max) return Claim::no;
  if (text.empty()) return Claim::more;
  if (text[0] != '>') return Claim::no;
  text.remove_prefix(1);
  return Claim::sure;
}

/** Text of several lines, which may end with zeros, as some senders do. */
bool is_message_text(std::string_view text) {
  while (text.ends_with('\0')) text.remove_suffix(1);
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return c == '\n' || c == '\r' || is_text({&c, 1}); });
}

/** A datagram is one message: nothing else begins with a number in angle brackets and is text to its end. */
Claim read_datagram(std::string_view text) {
  constexpr size_t message_bytes_min = 8;
  if (take_priority(text) != Claim::sure || !is_message_text(text)) return Claim::no;
  if (is_old_time(text) || is_new_header(text) || text.size() >= message_bytes_min) return Claim::sure;
  return text.empty() ? Claim::no : Claim::guess;
}

/** One message of a stream. A priority alone is a guess, for XML has such tags, too; a second one is not. */
Claim read_message(std::string_view text, bool cut) {
  const Claim begun = take_priority(text);
  if (begun != Claim::sure) return begun == Claim::more && cut ? Claim::no : begun;
  if (is_old_time(text) || is_new_header(text)) return Claim::sure;
  const Line line = take_line(text);
  if (!is_text(line.text)) return Claim::no;
  if (!line.complete) return cut && line.text.find(": ") != line.text.npos ? Claim::guess : Claim::more;
  return take_priority(text) == Claim::sure ? Claim::sure : Claim::guess;
}

/** TCP: messages end with a line feed, or begin with their length in octets. */
Claim read_stream(Bytes bytes, bool cut) {
  std::string_view text = as_text(bytes);
  if (text.empty() || text[0] == '<') return read_message(text, cut);
  if (!is_digit(text[0]) || text[0] == '0') return Claim::no;
  const int64_t octets = take_number(text, 5);
  if (octets < 0) return Claim::no;
  if (text.empty()) return Claim::more;
  if (text[0] != ' ' || octets < 5) return Claim::no;
  return read_message(text.substr(1), cut);
}

/** Only the client speaks. */
Claim judge(Bytes client, Bytes server, const Opening& opening, Findings&) {
  return server.empty() ? read_stream(client, opening.cut) : Claim::no;
}

Claim recognise(const Opening& opening, Findings& findings) {
  if (opening.transport == over_tcp) return either_way(opening, findings, judge);
  const Claim claim = read_datagram(as_text(datagram(opening)));
  if (claim >= Claim::guess && from_server(opening)) findings.ends_swapped();
  return claim;
}

}  // namespace

extern const Application syslog_application;
const Application syslog_application{"syslog", over_tcp | over_udp, ports, recognise};

}  // namespace vmoat
