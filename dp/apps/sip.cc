// sip: SIP (RFC 3261) over UDP and TCP: a request line with a sip, sips or tel URI, or a status line, with
// its version.
#include "apps/sides.h"
#include "apps/text.h"

namespace vmoat {
namespace {

constexpr uint16_t ports[] = {5060};
constexpr std::string_view versions[] = {"SIP/2.0 "};
constexpr std::string_view schemes[] = {"sip:", "sips:", "tel:", "urn:", "im:"};

Claim read_request(Bytes bytes) {
  std::string_view text = as_text(bytes);
  const Line line = take_line(text);
  std::string_view rest = line.text;
  const std::string_view method = take_until(rest, ' ');
  for (char c : method)
    if (!is_upper(c)) return Claim::no;
  if (method.size() > 12 || !is_text(rest)) return Claim::no;
  if (!line.complete) return Claim::more;
  return starts_with_any(rest, schemes) && rest.ends_with(" SIP/2.0") ? Claim::sure : Claim::no;
}

/** Blank lines keep a connection alive (RFC 5626, 4.4.1) and may stand before a message. */
Bytes skip_blank(Bytes bytes) {
  while (!bytes.empty() && (bytes[0] == '\r' || bytes[0] == '\n')) bytes = bytes.subspan(1);
  return bytes;
}

/** Either end may ask: a message is a request or a response. */
Claim read_message(Bytes bytes) {
  return std::max(read_request(bytes), begins_with_any(bytes, versions));
}

/** Mid-stream a message may stand behind the rest of another's body. */
Claim read_side(Bytes bytes, bool midstream) {
  const Claim claim = read_message(bytes);
  if (claim == Claim::sure || !midstream) return claim;
  const auto begins_message = [](std::string_view line) {
    return line.starts_with(versions[0]) || (line.ends_with(" SIP/2.0") && line.find(" sip:") != line.npos);
  };
  return any_line(bytes, begins_message) ? Claim::sure : speaks_text(bytes) ? Claim::more : Claim::no;
}

/** Who answers is the server, as long as nobody was seen to ask. */
bool answers_first(Bytes client, Bytes server) {
  return as_text(client).starts_with(versions[0]) && !as_text(server).starts_with(versions[0]);
}

Claim recognise(const Opening& opening, Findings& findings) {
  const Bytes asked = skip_blank(opening.client), answered = skip_blank(opening.server);
  const Claim client = read_side(asked, opening.midstream), server = read_side(answered, opening.midstream);
  if (client == Claim::no || server == Claim::no) return Claim::no;
  const Claim claim = std::max(client, server);
  if (claim != Claim::sure) return claim;
  std::string_view text = as_text(client == Claim::sure ? asked : answered);
  if (!opening.direction_seen && answers_first(asked, answered)) findings.ends_swapped();
  if (read_request(client == Claim::sure ? asked : answered) == Claim::sure)
    findings.fact(Fact::sip_method, take_until(text, ' '));
  return claim;
}

}  // namespace

extern const Application sip_application;
const Application sip_application{"sip", over_tcp | over_udp, ports, recognise};

}  // namespace vmoat
