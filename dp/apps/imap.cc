// imap: IMAP4 (RFC 9051): the server's untagged greeting, or a tagged command of the client's.
#include "apps/sides.h"
#include "apps/text.h"
#include "apps/tls_stream.h"

namespace vmoat {
namespace {

constexpr uint16_t ports[] = {143};
constexpr std::string_view greetings[] = {"* OK ", "* PREAUTH ", "* BYE "};
constexpr std::string_view commands[] = {
    "capability", "login",     "authenticate", "starttls", "select",   "examine",      "noop",
    "logout",     "id",        "list",         "lsub",     "uid",      "status",       "enable",
    "idle",       "namespace", "fetch",        "store",    "search",   "copy",         "move",
    "append",     "create",    "delete",       "rename",   "expunge",  "close",        "subscribe",
    "xlist",      "check",     "getquota",     "getacl",   "unselect", "getquotaroot", "unsubscribe"};

/** "* 12 EXISTS", "* 3 FETCH (", "* FLAGS (", "* CAPABILITY IMAP4": what a server says unasked or in answer.
 */
bool is_untagged(std::string_view line) {
  if (!line.starts_with("* ")) return false;
  line.remove_prefix(2);
  if (line.starts_with("FLAGS (") || line.starts_with("CAPABILITY IMAP4")) return true;
  if (take_number(line, 10) < 0) return false;
  return line == " EXISTS" || line == " RECENT" || line == " EXPUNGE" || line.starts_with(" FETCH (");
}

/** "TAG COMMAND": tags are short words of letters and digits. */
Claim read_client(Bytes bytes) {
  std::string_view rest = as_text(bytes);
  const Line line = take_line(rest);
  std::string_view text = line.text;
  const std::string_view tag = take_until(text, ' ');
  if (tag.size() > 12 || !is_text(line.text)) return Claim::no;
  for (char c : tag)
    if (!is_letter(c) && !is_digit(c) && c != '.') return Claim::no;
  if (!line.complete) return Claim::more;
  const std::string_view command = take_until(text, ' ');
  const bool known =
      std::any_of(std::begin(commands), std::end(commands), [&](auto c) { return same_letters(c, command); });
  return known && !tag.empty() ? Claim::sure : Claim::no;
}

/** The name of `a1 LOGIN name password`, quoted or not; true once the client has logged in or tried to. */
bool note_login(Bytes client, Findings& findings) {
  return any_line(client, [&](std::string_view line) {
    take_until(line, ' ');
    const std::string_view command = take_until(line, ' ');
    if (same_letters(command, "authenticate")) return true;
    if (!same_letters(command, "login")) return false;
    const bool quoted = line.starts_with('"');
    if (quoted) line.remove_prefix(1);
    const std::string_view name = take_until(line, quoted ? '"' : ' ');
    if (!name.empty() && is_text(name) && !name.starts_with('{')) findings.fact(Fact::imap_user, name);
    return true;
  });
}

Claim judge(Bytes client, Bytes server, const Opening& opening, Findings& findings) {
  if (opening.midstream && any_line(server, is_untagged)) return Claim::sure;
  const Claim greeted = begins_with_any(server, greetings);
  const Claim asked = read_client(client);
  const bool anywhere = opening.midstream && server.size() > 1 && server[0] == '*';
  if (asked == Claim::no || (greeted == Claim::no && !anywhere)) return Claim::no;
  if (anywhere && greeted == Claim::no) return asked;
  if (greeted != Claim::sure) return Claim::more;
  const bool settled = note_login(client, findings);
  note_text_switch(client, server, opening.cut, !settled && !opening.midstream, findings);
  return greeted;
}

Claim recognise(const Opening& opening, Findings& findings) {
  return either_way(opening, findings, judge);
}

}  // namespace

extern const Application imap_application;
const Application imap_application{"imap", over_tcp, ports, recognise};

}  // namespace vmoat
