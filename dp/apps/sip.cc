// sip: SIP (RFC 3261) over UDP and TCP: a request line with a sip, sips or tel URI, or a status line, with
// its version.
#include "apps/sides.h"
#include "apps/text.h"

namespace vmoat {
namespace {

constexpr uint16_t ports[] = {5060};
constexpr std::string_view versions[] = {"SIP/2.0 "};

Claim read_request(Bytes bytes) {
  std::string_view text = as_text(bytes);
  const Line line = take_line(text);
  std::string_view rest = line.text;
  const std::string_view method = take_until(rest, ' ');
  for (char c : method)
    if (!is_upper(c)) return Claim::no;
  if (method.size() > 12 || !is_text(rest)) return Claim::no;
  if (!line.complete) return Claim::more;
  const bool uri = rest.starts_with("sip:") || rest.starts_with("sips:") || rest.starts_with("tel:");
  return uri && rest.ends_with(" SIP/2.0") ? Claim::sure : Claim::no;
}

/** Either end may ask: a message is a request or a response. */
Claim read_message(Bytes bytes) {
  return std::max(read_request(bytes), begins_with_any(bytes, versions));
}

Claim recognise(const Opening& opening, Findings& findings) {
  const Claim client = read_message(opening.client), server = read_message(opening.server);
  if (client == Claim::no || server == Claim::no) return Claim::no;
  const Claim claim = std::max(client, server);
  if (claim != Claim::sure) return claim;
  std::string_view text = as_text(client == Claim::sure ? opening.client : opening.server);
  if (!text.starts_with("SIP/")) findings.fact(Fact::sip_method, take_until(text, ' '));
  return claim;
}

}  // namespace

extern const Application sip_application;
const Application sip_application{"sip", over_tcp | over_udp, ports, recognise};

}  // namespace vmoat
