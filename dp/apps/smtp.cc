// smtp: SMTP and LMTP (RFC 5321, RFC 2033): the client's greeting, a 220 that calls itself SMTP, an envelope,
// or the extensions that a server lists.
#include "apps/sides.h"
#include "apps/text.h"
#include "apps/tls_stream.h"

namespace vmoat {
namespace {

constexpr uint16_t ports[] = {25, 587, 2525};
constexpr std::string_view greetings[] = {"EHLO ", "HELO ", "LHLO "};
constexpr std::string_view codes[] = {"220 ", "220-", "554 ", "554-", "421 ", "421-"};

constexpr std::string_view own_commands[] = {"MAIL FROM:", "RCPT TO:", "EHLO ", "LHLO "};
constexpr std::string_view extensions[] = {"PIPELINING", "8BITMIME", "STARTTLS", "ENHANCEDSTATUSCODES",
                                           "SMTPUTF8"};
constexpr std::string_view early_commands[] = {"EHLO", "HELO", "RSET",     "NOOP",  "QUIT",
                                               "HELP", "VRFY", "STARTTLS", "PROXY "};

bool has_envelope(Bytes client) {
  return any_line(client, [](std::string_view line) { return starts_with_any(line, own_commands); });
}

/** "250-PIPELINING" and the like. */
bool lists_extensions(Bytes server) {
  return any_line(server, [](std::string_view line) {
    return line.starts_with("250") && line.size() > 4 && starts_with_any(line.substr(4), extensions);
  });
}

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
  if (greeting != Claim::sure && has_envelope(bytes)) return Claim::sure;
  if (greeting != Claim::sure)
    return std::max(greeting, std::min(begins_with_any(bytes, early_commands), Claim::more));
  std::string_view text = as_text(bytes);
  const Line line = take_line(text);
  if (!is_text(line.text)) return Claim::no;
  return line.complete ? Claim::sure : Claim::more;
}

/** So far only what may stand before STARTTLS (RFC 3207), or that. */
bool may_switch(Bytes client) {
  constexpr std::string_view early[] = {"EHLO ", "HELO ", "LHLO ", "NOOP", "RSET", "STARTTLS"};
  return !any_line(client, [&](std::string_view line) {
    const Bytes bytes{reinterpret_cast<const uint8_t*>(line.data()), line.size()};
    return begins_with_any(bytes, early) != Claim::sure;
  });
}

Claim judge(Bytes client, Bytes server, const Opening& opening, Findings& findings) {
  const Claim asked = read_client(client);
  const Claim answered = lists_extensions(server) ? Claim::sure : read_server(server);
  const bool may_go_on = opening.midstream && speaks_text(client) && speaks_text(server);
  if (may_go_on && asked < Claim::guess && answered < Claim::guess) return Claim::more;
  if (asked == Claim::no && !(opening.midstream && answered == Claim::sure)) return Claim::no;
  if (answered == Claim::no && !(opening.midstream && asked == Claim::sure)) return Claim::no;
  const Claim claim = std::max(asked, answered);
  if (claim != Claim::sure) return claim;
  if (asked != Claim::sure) findings.unfinished();
  std::string_view text = as_text(client);
  const std::string_view greeting = take_line(text).text;
  if (starts_with_any(greeting, greetings)) findings.fact(Fact::smtp_client, greeting.substr(5));
  text = as_text(server);
  const std::string_view banner = take_line(text).text;
  if (banner.starts_with("220") && banner.size() > 4) findings.fact(Fact::smtp_server, banner.substr(4));
  note_text_switch(client, server, opening.cut, may_switch(client) && !opening.midstream, findings);
  return claim;
}

Claim recognise(const Opening& opening, Findings& findings) {
  return either_way(opening, findings, judge);
}

}  // namespace

extern const Application smtp_application;
const Application smtp_application{"smtp", over_tcp, ports, recognise};

}  // namespace vmoat
