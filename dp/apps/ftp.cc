// ftp: FTP's control connection (RFC 959): a 220 that calls itself FTP, or one that is asked for a login;
// later, or from one end alone, commands and replies that only FTP has. Its data channels (PORT, PASV; EPRT,
// EPSV of RFC 2428) are announced.
#include "apps/lines.h"
#include "apps/tls_stream.h"
#include "base/address_text.h"

namespace vmoat {
namespace {

constexpr uint16_t ports[] = {21, 2121};
constexpr std::string_view codes[] = {"220 ", "220-", "120 ", "421 "};
constexpr std::string_view commands[] = {"USER ", "AUTH TLS", "AUTH SSL", "FEAT\r\n", "SYST\r\n",
                                         "OPTS ", "HOST ",    "CLNT ",    "FEAT\n",   "SYST\n"};
constexpr std::string_view own_commands[] = {"EPSV", "EPRT |", "TYPE I", "TYPE A", "PBSZ 0", "PROT P",
                                             "MLSD", "STOR ",  "CWD ",   "SYST",   "FEAT",   "MDTM "};
constexpr std::string_view own_replies[] = {"331 ",
                                            "227 Entering Passive Mode (",
                                            "229 Entering Extended Passive Mode (",
                                            "226 Transfer complete",
                                            "150 Opening ",
                                            "125 Data connection already open",
                                            "250 CWD command",
                                            "257 \""};

/** "PASV" alone, or "PORT" with an address and a port as six numbers. */
bool opens_channel(std::string_view line) {
  if (same_letters(line, "pasv")) return true;
  return same_letters(line.substr(0, 5), "port ") && std::count(line.begin(), line.end(), ',') == 5;
}

/** Two commands, or two replies, that only FTP has: enough without the other end or the beginning. */
bool goes_on(Bytes bytes, bool client) {
  int count = 0;
  return any_line(bytes, [&](std::string_view line) {
    const bool own = client ? opens_channel(line) || starts_with_any(line, own_commands)
                            : starts_with_any(line, own_replies);
    count += own ? 1 : 0;
    return count >= 2;
  });
}

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

Claim judge_beginning(Bytes client, Bytes server, Findings& findings) {
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

Claim judge(Bytes client, Bytes server, const Opening& opening, Findings& findings) {
  const bool alone = client.empty() || server.empty() || opening.midstream;
  if (alone && (goes_on(client, true) || goes_on(server, false))) return Claim::sure;
  const Claim begun = judge_beginning(client, server, findings);
  const bool may_go_on = opening.midstream && speaks_text(client) && speaks_text(server);
  return begun == Claim::no && may_go_on ? Claim::more : begun;
}

Claim recognise(const Opening& opening, Findings& findings) {
  return either_way(opening, findings, judge);
}

constexpr uint16_t data_lifetime_s = 120;

void expect_data(Expectation::End end, Bytes address, int64_t port, Findings& findings) {
  if (port < 1 || port > 65535) return;
  findings.expect({.end = end,
                   .address = address,
                   .port = static_cast<uint16_t>(port),
                   .application = "ftp-data",
                   .lifetime_s = data_lifetime_s});
}

/** "h1,h2,h3,h4,p1,p2" (RFC 959, 4.1.2). */
void read_host_port(std::string_view text, Expectation::End end, Findings& findings) {
  uint8_t numbers[6];
  for (uint8_t& number : numbers) {
    const int64_t value = take_number(text, 3);
    if (value < 0 || value > 255) return;
    number = static_cast<uint8_t>(value);
    if (text.starts_with(',')) text.remove_prefix(1);
  }
  expect_data(end, {numbers, 4}, numbers[4] << 8 | numbers[5], findings);
}

/** "|family|address|port|" with any delimiter; EPSV's answer has neither family nor address (RFC 2428). */
void read_extended(std::string_view text, Expectation::End end, Findings& findings) {
  if (text.empty()) return;
  const char delimiter = text[0];
  text.remove_prefix(1);
  take_until(text, delimiter);
  const AddressOfText address = read_address(take_until(text, delimiter));
  std::string_view port = take_until(text, delimiter);
  expect_data(end, address.view(), take_number(port, 5), findings);
}

void read_command(std::string_view line, Findings& findings) {
  const std::string_view verb = line.substr(0, 5), rest = line.substr(std::min<size_t>(5, line.size()));
  if (same_letters(verb, "user ") && is_text(rest)) findings.fact(Fact::ftp_user, rest);
  if (same_letters(verb, "port ")) read_host_port(trim(rest), Expectation::End::client, findings);
  if (same_letters(verb, "eprt ")) read_extended(trim(rest), Expectation::End::client, findings);
}

void read_reply(std::string_view line, Findings& findings) {
  if (line.starts_with("227 ")) {
    const size_t at = line.find_first_of("0123456789", 4);
    if (at != line.npos) read_host_port(line.substr(at), Expectation::End::server, findings);
  } else if (line.starts_with("229 ")) {
    const size_t at = line.find('(');
    if (at != line.npos) read_extended(line.substr(at + 1), Expectation::End::server, findings);
  }
}

/** AUTH TLS (RFC 4217): from the client's hello on there is nothing to read. */
bool note_tls(const Opening& opening, Findings& findings) {
  if (from_server(opening)) return false;
  const TlsStream stream(opening.client, {}, true);
  if (stream.client().claim != Claim::sure || stream.client().old) return false;
  stream.note(findings);
  findings.layer("tls");
  findings.enough();
  return true;
}

void follow(const Opening& opening, Findings& findings) {
  if (note_tls(opening, findings)) return;
  each_new_line<512>(opening, findings, [&](std::string_view line) {
    from_server(opening) ? read_reply(line, findings) : read_command(line, findings);
  });
}

}  // namespace

extern const Application ftp_application;
const Application ftp_application{"ftp", over_tcp, ports, recognise, Appetite::control, follow};

}  // namespace vmoat
