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

/** One message from its "<" on. A priority alone is a guess: XML has such tags, too. */
Claim read_message(std::string_view text, bool whole) {
  if (text.empty()) return Claim::more;
  if (text[0] != '<') return Claim::no;
  text.remove_prefix(1);
  const bool digits = !text.empty() && is_digit(text[0]);
  const int64_t priority = take_number(text, 3);
  if (!digits) return text.empty() && !whole ? Claim::more : Claim::no;
  if (priority < 0 || priority > priority_max) return Claim::no;
  if (text.empty()) return whole ? Claim::no : Claim::more;
  if (text[0] != '>') return Claim::no;
  text.remove_prefix(1);
  if (is_old_time(text) || is_new_header(text)) return Claim::sure;
  const Line line = take_line(text);
  if (!is_text(line.text)) return Claim::no;
  if (whole) return line.text.find(": ") != line.text.npos ? Claim::guess : Claim::no;
  return line.complete ? Claim::guess : Claim::more;
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
  const Claim claim = read_message(as_text(datagram(opening)), true);
  if (claim >= Claim::guess && from_server(opening)) findings.ends_swapped();
  return claim;
}

}  // namespace

extern const Application syslog_application;
const Application syslog_application{"syslog", over_tcp | over_udp, ports, recognise};

}  // namespace vmoat
