// ftp: FTP's control connection (RFC 959): a 220 that calls itself FTP, or one that is asked for a login.
#include "apps/sides.h"
#include "apps/text.h"

namespace vmoat {
namespace {

constexpr uint16_t ports[] = {21, 2121};
constexpr std::string_view codes[] = {"220 ", "220-", "120 ", "421 "};
constexpr std::string_view commands[] = {"USER ",    "AUTH TLS", "AUTH SSL", "FEAT\r\n",
                                         "SYST\r\n", "OPTS ",    "HOST "};

Claim read_server(Bytes bytes) {
  const Claim code = begins_with_any(bytes, codes);
  if (code != Claim::sure) return code;
  std::string_view text = as_text(bytes);
  const Line line = take_line(text);
  if (!is_text(line.text)) return Claim::no;
  const bool says_so =
      find_letters(line.text, "ftp") != line.text.npos && find_letters(line.text, "smtp") == line.text.npos;
  if (!line.complete) return Claim::more;
  return says_so && line.text.starts_with("220") ? Claim::sure : Claim::guess;
}

Claim judge(Bytes client, Bytes server, const Opening&, Findings& findings) {
  const Claim greeted = read_server(server), asked = begins_with_any(client, commands);
  if (greeted == Claim::no || asked == Claim::no) return Claim::no;
  const bool sure = greeted == Claim::sure || (greeted == Claim::guess && asked == Claim::sure);
  if (!sure) return Claim::more;
  std::string_view text = as_text(server);
  findings.fact(Fact::ftp_server, take_line(text).text.substr(4));
  text = as_text(client);
  const Line line = take_line(text);
  if (line.complete && same_letters(line.text.substr(0, 5), "user "))
    findings.fact(Fact::ftp_user, line.text.substr(5));
  if (!line.complete) findings.unfinished();
  return Claim::sure;
}

Claim recognise(const Opening& opening, Findings& findings) {
  return either_way(opening, findings, judge);
}

}  // namespace

extern const Application ftp_application;
const Application ftp_application{"ftp", over_tcp, ports, recognise};

}  // namespace vmoat
