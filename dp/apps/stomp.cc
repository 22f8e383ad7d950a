// stomp: STOMP 1.0–1.2 (stomp.github.io): a CONNECT or STOMP frame, the server's CONNECTED or ERROR,
// mid-stream a frame with a destination.
#include "apps/sides.h"
#include "apps/text.h"

namespace vmoat {
namespace {

constexpr uint16_t ports[] = {61613};

/** A frame: its command on a line of its own, then "name:value" lines or an empty one. */
Claim read_frame(Bytes bytes, std::string_view command, std::string_view other) {
  std::string_view text = as_text(bytes);
  const Line line = take_line(text);
  const auto may_become = [&](std::string_view word) { return word.starts_with(line.text); };
  if (!line.complete) return may_become(command) || may_become(other) ? Claim::more : Claim::no;
  if (line.text != command && line.text != other) return Claim::no;
  const Line header = take_line(text);
  if (!is_text(header.text)) return Claim::no;
  if (!header.complete) return Claim::more;
  return header.text.empty() || header.text.find(':') != header.text.npos ? Claim::sure : Claim::no;
}

/** A frame of a session under way: a line feed may stand before it, a "destination:" is among its headers. */
bool has_destination(Bytes bytes) {
  constexpr std::string_view frames[] = {"SEND", "SUBSCRIBE", "MESSAGE"};
  std::string_view text = as_text(bytes);
  while (text.starts_with('\n') || text.starts_with('\0')) text.remove_prefix(1);
  const Line command = take_line(text);
  if (std::find(std::begin(frames), std::end(frames), command.text) == std::end(frames)) return false;
  for (Line header = take_line(text); header.complete && !header.text.empty(); header = take_line(text))
    if (header.text.starts_with("destination:")) return true;
  return false;
}

Claim judge(Bytes client, Bytes server, const Opening& opening, Findings& findings) {
  if (opening.midstream && (has_destination(client) || has_destination(server))) return Claim::sure;
  const Claim asked = read_frame(client, "CONNECT", "STOMP"),
              answered = read_frame(server, "CONNECTED", "ERROR");
  if (asked == Claim::no || answered == Claim::no) return Claim::no;
  // "ERROR" on a line is too little; "CONNECTED" is not.
  const bool refused_only = asked != Claim::sure && !server.empty() && server[0] == 'E';
  if (refused_only) return Claim::more;
  const std::string_view login = after_word(client, "login:");
  if (asked == Claim::sure && !login.empty()) findings.fact(Fact::stomp_user, login);
  return std::max(asked, answered);
}

Claim recognise(const Opening& opening, Findings& findings) {
  return either_way(opening, findings, judge);
}

}  // namespace

extern const Application stomp_application;
const Application stomp_application{"stomp", over_tcp, ports, recognise};

}  // namespace vmoat
