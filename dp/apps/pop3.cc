// pop3: POP3 (RFC 1939): a server's "+OK" or "-ERR", then a command that only POP3 has; a server alone by a
// banner with a time stamp or by what it counts.
#include "apps/sides.h"
#include "apps/text.h"
#include "apps/tls_stream.h"

namespace vmoat {
namespace {

constexpr uint16_t ports[] = {110};
constexpr std::string_view own_commands[] = {"CAPA\r\n", "USER ",    "APOP ", "STLS\r\n",
                                             "UIDL",     "STAT\r\n", "RETR "};
constexpr std::string_view shared_commands[] = {"AUTH", "QUIT\r\n", "PASS ", "LIST", "NOOP", "DELE ", "TOP "};
constexpr std::string_view replies[] = {"+OK", "-ERR"};

constexpr std::string_view own_lines[] = {"CAPA", "APOP ", "STLS", "UIDL", "STAT", "TOP "};

/** Any later command that only POP3 has. */
bool asks_like_pop3(Bytes client) {
  return any_line(client, [](std::string_view line) { return starts_with_any(line, own_lines); });
}

/** "+OK 2 messages (320 octets)", "+OK 120 octets", or a banner with "<process.clock@host>" (RFC 1939, 7). */
bool is_own_reply(std::string_view line) {
  if (!line.starts_with("+OK")) return false;
  const size_t stamp = line.find('<');
  if (stamp != line.npos && line.ends_with('>') && line.find('@', stamp) != line.npos) return true;
  return find_letters(line, " octets") != line.npos || find_letters(line, "maildrop") != line.npos ||
         find_letters(line, " messages") != line.npos;
}

/** A greeting that names itself is enough. */
Claim read_server(Bytes bytes) {
  const Claim reply = begins_with_any(bytes, replies);
  if (reply != Claim::sure) return reply;
  std::string_view text = as_text(bytes);
  const Line line = take_line(text);
  if (!is_text(line.text)) return Claim::no;
  if (!line.complete) return Claim::more;
  const bool names_itself = line.text.starts_with("+OK") && find_letters(line.text, "pop") != line.text.npos;
  return names_itself || any_line(bytes, is_own_reply) ? Claim::sure : Claim::guess;
}

/** USER's name, else APOP's; true once the client has said who it is. */
bool note_login(Bytes client, Findings& findings) {
  std::string_view digest = after_word(client, "apop ");
  const std::string_view user = after_word(client, "user "),
                         name = user.empty() ? take_until(digest, ' ') : user;
  if (!name.empty()) findings.fact(Fact::pop3_user, name);
  return !name.empty() || !after_word(client, "auth ").empty();
}

Claim judge(Bytes client, Bytes server, const Opening& opening, Findings& findings) {
  const Claim greeted = read_server(server);
  const Claim own = begins_with_any(client, own_commands), shared = begins_with_any(client, shared_commands);
  if (greeted == Claim::no || (own == Claim::no && shared == Claim::no)) return Claim::no;
  const bool sure =
      greeted == Claim::sure || (greeted == Claim::guess && (own == Claim::sure || asks_like_pop3(client)));
  if (!sure) return Claim::more;
  const bool settled = note_login(client, findings);
  note_text_switch(client, server, opening.cut, !settled && !opening.midstream, findings);
  return Claim::sure;
}

Claim recognise(const Opening& opening, Findings& findings) {
  return either_way(opening, findings, judge);
}

}  // namespace

extern const Application pop3_application;
const Application pop3_application{"pop3", over_tcp, ports, recognise};

}  // namespace vmoat
