// smtp: SMTP and LMTP (RFC 5321, RFC 2033): the client's greeting, or a 220 that calls itself SMTP.
#include "apps/sides.h"
#include "apps/text.h"

namespace vmoat {
namespace {

constexpr uint16_t ports[] = {25, 587, 2525};
constexpr std::string_view greetings[] = {"EHLO ", "HELO ", "LHLO "};
constexpr std::string_view codes[] = {"220 ", "220-", "554 ", "554-", "421 ", "421-"};

/** Server: a reply line; `sure` when it says SMTP by itself. */
Claim read_server(Bytes bytes) {
  const Claim code = begins_with_any(bytes, codes);
  if (code != Claim::sure) return code;
  std::string_view text = as_text(bytes);
  const Line line = take_line(text);
  if (!is_text(line.text)) return Claim::no;
  for (std::string_view word : {"smtp", "lmtp"})
    if (line.text.starts_with("220") && find_letters(line.text, word) != line.text.npos && line.complete)
      return Claim::sure;
  return Claim::more;
}

Claim read_client(Bytes bytes) {
  const Claim greeting = begins_with_any(bytes, greetings);
  if (greeting != Claim::sure) return greeting;
  std::string_view text = as_text(bytes);
  const Line line = take_line(text);
  if (!is_text(line.text)) return Claim::no;
  return line.complete ? Claim::sure : Claim::more;
}

Claim judge(Bytes client, Bytes server, const Opening& opening, Findings& findings) {
  const Claim asked = read_client(client), answered = read_server(server);
  if (asked == Claim::no || (answered == Claim::no && !(opening.midstream && asked == Claim::sure)))
    return Claim::no;
  const Claim claim = std::max(asked, answered);
  if (claim != Claim::sure) return claim;
  if (asked != Claim::sure) findings.unfinished();
  std::string_view text = as_text(client);
  if (asked == Claim::sure) findings.fact(Fact::smtp_client, take_line(text).text.substr(5));
  text = as_text(server);
  if (answered != Claim::no && server.size() > 4)
    findings.fact(Fact::smtp_server, take_line(text).text.substr(4));
  return claim;
}

Claim recognise(const Opening& opening, Findings& findings) {
  return either_way(opening, findings, judge);
}

}  // namespace

extern const Application smtp_application;
const Application smtp_application{"smtp", over_tcp, ports, recognise};

}  // namespace vmoat
