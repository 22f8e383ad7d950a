// irc: IRC (RFC 2812): registration by NICK and USER or CAP, a server's numbered or NOTICE lines.
#include "apps/sides.h"
#include "apps/text.h"

namespace vmoat {
namespace {

constexpr uint16_t ports[] = {6667, 6660};
constexpr std::string_view server_words[] = {"PING ", "NOTICE ", "ERROR :"};
constexpr std::string_view commands[] = {"NICK ", "USER ", "PASS ", "CAP LS", "CAP REQ"};

/** One registration line is like FTP's or POP3's; NICK, CAP, or USER with its four parameters are IRC's. */
Claim read_client(Bytes bytes) {
  const Claim command = begins_with_any(bytes, commands);
  if (command != Claim::sure) return command;
  for (std::string_view text = as_text(bytes); !text.empty();) {
    const Line line = take_line(text);
    if (!is_text(line.text)) return Claim::no;
    if (!line.complete) return Claim::more;
    if (line.text.starts_with("NICK ") || line.text.starts_with("CAP LS") || line.text.starts_with("CAP REQ"))
      return Claim::sure;
    if (line.text.starts_with("USER "))
      return std::count(line.text.begin(), line.text.end(), ' ') >= 4 ? Claim::sure : Claim::no;
  }
  return Claim::more;
}

constexpr std::string_view verbs[] = {"PRIVMSG", "NOTICE", "JOIN",  "PART", "QUIT",
                                      "MODE",    "NICK",   "TOPIC", "KICK"};

/** ":nick!user@host PRIVMSG …": only IRC writes its senders so. */
bool is_relayed(std::string_view line) {
  if (!line.starts_with(':')) return false;
  const std::string_view sender = take_until(line, ' '), verb = take_until(line, ' ');
  const size_t user = sender.find('!');
  const bool named = user != sender.npos && sender.find('@', user) != sender.npos;
  return named && std::find(std::begin(verbs), std::end(verbs), verb) != std::end(verbs);
}

/** "PRIVMSG #channel :…", "JOIN #channel" from a client that is long in. */
bool is_said(std::string_view line) {
  const std::string_view verb = take_until(line, ' ');
  const bool known = std::find(std::begin(verbs), std::end(verbs), verb) != std::end(verbs);
  return known && line.size() > 1 && line[0] == '#';
}

bool goes_on(Bytes bytes) {
  return any_line(bytes, [](std::string_view line) { return is_relayed(line) || is_said(line); });
}

/** "NOTICE AUTH :*** Looking up your hostname": what servers say before anybody has a name. */
bool looks_up(std::string_view line) {
  return line.starts_with("NOTICE AUTH :") || line.starts_with("NOTICE * :***");
}

/** ":server 001 nick …" or ":server NOTICE …"; a PING may come first. */
Claim read_server(Bytes bytes) {
  std::string_view text = as_text(bytes);
  const Line line = take_line(text);
  if (!is_text(line.text)) return Claim::no;
  if (line.text.empty()) return Claim::more;
  std::string_view rest = line.text;
  if (rest[0] != ':' && any_line(bytes, looks_up)) return Claim::sure;
  if (rest[0] != ':') {
    const Claim other = begins_with_any(bytes, server_words);
    return other == Claim::sure ? Claim::guess : other;
  }
  take_until(rest, ' ');
  if (!line.complete) return Claim::more;
  const std::string_view word = take_until(rest, ' ');
  const bool number = word.size() == 3 && is_digit(word[0]) && is_digit(word[1]) && is_digit(word[2]);
  return number || word == "NOTICE" || word == "CAP" ? Claim::sure : Claim::no;
}

Claim judge(Bytes client, Bytes server, const Opening& opening, Findings& findings) {
  if (opening.midstream && (goes_on(client) || goes_on(server))) return Claim::sure;
  const Claim asked = read_client(client), answered = read_server(server);
  const bool may_go_on = opening.midstream && speaks_text(client) && speaks_text(server);
  if (asked == Claim::no || answered == Claim::no) return may_go_on ? Claim::more : Claim::no;
  const Claim claim = std::max(asked, answered);
  const std::string_view nick = after_word(client, "nick ");
  if (claim == Claim::sure && !nick.empty()) findings.fact(Fact::irc_nick, nick);
  return claim == Claim::guess ? Claim::more : claim;
}

Claim recognise(const Opening& opening, Findings& findings) {
  return either_way(opening, findings, judge);
}

}  // namespace

extern const Application irc_application;
const Application irc_application{"irc", over_tcp, ports, recognise};

}  // namespace vmoat
