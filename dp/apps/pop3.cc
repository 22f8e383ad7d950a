// pop3: POP3 (RFC 1939): a server's "+OK" or "-ERR", then a command that only POP3 has.
#include "apps/sides.h"
#include "apps/text.h"

namespace vmoat {
namespace {

constexpr uint16_t ports[] = {110};
constexpr std::string_view own_commands[] = {"CAPA\r\n", "USER ",    "APOP ", "STLS\r\n",
                                             "UIDL",     "STAT\r\n", "RETR "};
constexpr std::string_view shared_commands[] = {"AUTH", "QUIT\r\n", "PASS ", "LIST"};
constexpr std::string_view replies[] = {"+OK", "-ERR"};

/** A greeting that names itself is enough. */
Claim read_server(Bytes bytes) {
  const Claim reply = begins_with_any(bytes, replies);
  if (reply != Claim::sure) return reply;
  std::string_view text = as_text(bytes);
  const Line line = take_line(text);
  if (!is_text(line.text)) return Claim::no;
  if (!line.complete) return Claim::more;
  return line.text.starts_with("+OK") && find_letters(line.text, "pop") != line.text.npos ? Claim::sure
                                                                                          : Claim::guess;
}

Claim judge(Bytes client, Bytes server, const Opening&, Findings&) {
  const Claim greeted = read_server(server);
  const Claim own = begins_with_any(client, own_commands), shared = begins_with_any(client, shared_commands);
  if (greeted == Claim::no || (own == Claim::no && shared == Claim::no)) return Claim::no;
  if (greeted == Claim::sure || (greeted == Claim::guess && own == Claim::sure)) return Claim::sure;
  return Claim::more;
}

Claim recognise(const Opening& opening, Findings& findings) {
  return either_way(opening, findings, judge);
}

}  // namespace

extern const Application pop3_application;
const Application pop3_application{"pop3", over_tcp, ports, recognise};

}  // namespace vmoat
