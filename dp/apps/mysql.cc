// mysql: MySQL and MariaDB (MySQL internals, "Connection Phase"): the server's greeting of protocol 10 or its
// refusal, the client's login, also where it switches to TLS, and mid-stream by its queries.
#include "apps/sides.h"
#include "apps/sql.h"
#include "apps/tls_stream.h"

namespace vmoat {
namespace {

constexpr uint16_t ports[] = {3306, 3307};
constexpr uint32_t greeting_bytes_max = 1024;
enum Capability : uint32_t {
  connect_with_database = 0x8,
  protocol_41 = 0x200,
  switch_to_tls = 0x800,
  secure_connection = 0x8000,
  counted_authentication = 0x200000,
};

struct Greeting {
  Claim claim = Claim::more;
  bool refusal = false;
  std::string_view version;
};

/** ERR packet before the handshake: code of the server's own range, text up to the packet's end. */
Claim read_refusal(ByteReader in, uint32_t length) {
  const uint16_t code = in.le16();
  if (!in.ok()) return Claim::more;
  if (code < 1000 || code > 4999 || length < 4) return Claim::no;
  const std::string_view text = as_text(in.rest()).substr(0, length - 3);
  if (!is_text(text)) return Claim::no;
  return text.size() == length - 3 ? Claim::sure : Claim::more;
}

/** What follows the version: thread id, 8 bytes of salt, a zero, capabilities … zeros (HandshakeV10). */
Claim read_greeting_tail(ByteReader in) {
  in.skip(4 + 8);
  const uint8_t filler = in.u8();
  if (in.ok() && filler != 0) return Claim::no;
  in.skip(2);
  if (in.left() == 0) return in.ok() ? Claim::sure : Claim::more;  // before 3.23 nothing follows
  in.skip(1 + 2 + 2);
  const uint8_t authentication = in.u8();
  for (int i = 0; i < 6; i++)  // MariaDB uses the last four of the ten
    if (in.u8() != 0) return Claim::no;
  return !in.ok() ? Claim::more : authentication <= 64 ? Claim::sure : Claim::no;
}

Greeting read_greeting(Bytes bytes) {
  Greeting greeting;
  ByteReader in(bytes);
  const uint32_t length = in.le24();
  const uint8_t sequence = in.u8(), kind = in.u8();
  if (bytes.size() >= 3 && (length < 4 || length > greeting_bytes_max)) greeting.claim = Claim::no;
  if (bytes.size() > 3 && sequence != 0) greeting.claim = Claim::no;
  if (bytes.size() > 4 && kind != 10 && kind != 0xff) greeting.claim = Claim::no;
  if (!in.ok() || greeting.claim == Claim::no) return greeting;
  if (kind == 0xff) return {read_refusal(in, length), true, {}};
  const std::string_view body = as_text(in.rest()).substr(0, length - 1);
  const size_t end = body.find('\0');
  const std::string_view version = body.substr(0, end);
  if (!is_text(version) || (!version.empty() && !is_digit(version[0])) || version.size() > 128 || end == 0)
    return {Claim::no, false, {}};
  if (end == body.npos) return {body.size() == length - 1 ? Claim::no : Claim::more, false, {}};
  const Bytes tail = in.rest().first(body.size()).subspan(end + 1);
  Claim claim = read_greeting_tail(ByteReader(tail));
  if (claim != Claim::no && body.size() < length - 1)
    claim = Claim::more;
  else if (claim == Claim::more)
    claim = Claim::no;
  return {claim, false, version};
}

struct Login {
  Claim claim = Claim::more;
  bool tls = false;
  std::string_view user, database;
};

std::string_view take_string(ByteReader& in) {
  const std::string_view rest = as_text(in.rest());
  const std::string_view text = rest.substr(0, rest.find('\0'));
  in.skip(std::min(text.size() + 1, rest.size()));
  return text;
}

void skip_authentication(ByteReader& in, uint32_t capabilities) {
  if (capabilities & (counted_authentication | secure_connection))
    in.skip(in.u8());
  else
    take_string(in);
}

/** HandshakeResponse41 or SSLRequest: packet 1, capabilities, 19 zeros where nothing else has them. */
Login read_login(Bytes bytes) {
  Login login;
  ByteReader in(bytes);
  const uint32_t length = in.le24();
  const uint8_t sequence = in.u8();
  const bool wrong =
      (bytes.size() >= 3 && (length < 32 || length > 65536)) || (bytes.size() > 3 && sequence != 1);
  if (wrong) login.claim = Claim::no;
  if (wrong || !in.ok()) return login;
  const Bytes packet = in.bytes(std::min<size_t>(length, in.left()));
  ByteReader body(packet);
  const uint32_t capabilities = body.le32();
  body.skip(5);
  bool zeros = true;
  for (int i = 0; i < 19 && body.left() > 0; i++) zeros = zeros && body.u8() == 0;
  body.skip(4);
  if (!zeros || (packet.size() >= 4 && !(capabilities & protocol_41))) login.claim = Claim::no;
  if (login.claim == Claim::no || packet.size() < length) return login;
  login.claim = Claim::sure;
  login.tls = length == 32 && (capabilities & switch_to_tls);
  if (length == 32) return login;
  login.user = take_string(body);
  if (!is_text(login.user)) return {Claim::no, false, {}, {}};
  skip_authentication(body, capabilities);
  if (capabilities & connect_with_database) login.database = take_string(body);
  return login;
}

/** COM_QUERY or COM_STMT_PREPARE as packet 0 of an exchange, its text beginning like SQL. */
bool is_query(Bytes bytes) {
  ByteReader in(bytes);
  const uint32_t length = in.le24();
  const uint8_t sequence = in.u8(), command = in.u8();
  if (!in.ok() || sequence != 0 || (command != 3 && command != 0x16) || length < 4) return false;
  return begins_like_sql(as_text(in.rest()).substr(0, length - 1));
}

/** Mid-stream: an answer's packets, numbered from 1, three at least; 0xffffff is the longest. */
bool is_answer(Bytes bytes) {
  constexpr uint8_t enough = 3;
  ByteReader in(bytes);
  uint8_t sequence = 0;
  while (sequence < enough && in.left() > 4) {
    const uint32_t length = in.le24();
    if (in.u8() != sequence + 1 || length == 0 || length > 1 << 16) return false;
    in.skip(length);
    if (in.ok()) sequence++;
  }
  return sequence == enough;
}

/** Behind the request to switch and the greeting, no answer between them (MySQL internals, "SSL Handshake").
 */
void note_tls(Bytes client, Bytes server, bool cut, Findings& findings) {
  const auto behind_packet = [](Bytes bytes) {
    ByteReader in(bytes);
    in.skip(in.le24() + size_t{1});
    return in.rest();
  };
  note_switched_to_tls(behind_packet(client), behind_packet(server), cut, findings);
}

/** The old login (protocol 3.20) begins with 16 bits of capabilities; it counts only behind a greeting. */
Claim judge(Bytes client, Bytes server, const Opening& opening, Findings& findings) {
  if (opening.midstream && (is_query(client) || is_answer(server))) return Claim::sure;
  const Greeting greeting = read_greeting(server);
  if (greeting.claim == Claim::no) return Claim::no;
  const Login login = read_login(client);
  if (greeting.claim == Claim::more && login.claim == Claim::no) return Claim::no;
  const Claim claim = std::max(greeting.claim, login.claim);
  if (claim != Claim::sure) return claim;
  if (!greeting.version.empty()) findings.fact(Fact::mysql_version, greeting.version);
  if (!login.user.empty()) findings.fact(Fact::mysql_user, login.user);
  if (!login.database.empty()) findings.fact(Fact::mysql_database, login.database);
  const bool known = greeting.claim == Claim::sure && login.claim != Claim::more;
  if (!greeting.refusal && !known) findings.unfinished();
  if (login.tls) note_tls(client, server, opening.cut, findings);
  return claim;
}

Claim recognise(const Opening& opening, Findings& findings) {
  return either_way(opening, findings, judge);
}

}  // namespace

extern const Application mysql_application;
const Application mysql_application{"mysql", over_tcp, ports, recognise};

}  // namespace vmoat
