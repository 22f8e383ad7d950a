// postgresql: the frontend/backend protocol 2.0 and 3.x (PostgreSQL documentation, "Message Formats"),
// also where it asks for TLS or GSS first or cancels, and mid-stream by its queries.
#include "apps/sides.h"
#include "apps/sql.h"
#include "apps/tls_stream.h"

namespace vmoat {
namespace {

constexpr uint16_t ports[] = {5432, 6432};
constexpr uint32_t protocol_2 = 0x00020000, protocol_3 = 0x00030000, cancel_code = 80877102,
                   tls_code = 80877103, gss_code = 80877104;
constexpr uint32_t startup_bytes_max = 10000;

struct Startup {
  Claim claim = Claim::more;
  bool encryption = false;  // asked for TLS or GSS: the server's next byte says yes or no
  bool cancel = false;
  std::string_view user, database;
};

/** Names and values of a 3.x startup up to the final zero: `user` must be among them. */
void read_parameters(Bytes body, bool whole, bool last, Startup& startup) {
  ByteReader in(body);
  while (in.left() > 0) {
    const std::string_view name = take_c_string(in);
    if (in.ok() && name.empty()) break;
    const std::string_view value = take_c_string(in);
    if (!in.ok()) break;
    if (!is_text(name) || !is_text(value)) {
      startup.claim = Claim::no;
      return;
    }
    if (name == "user") startup.user = value;
    if (name == "database") startup.database = value;
  }
  if (whole && (!in.ok() || in.left() != 0))
    startup.claim = Claim::no;
  else if (!startup.user.empty() && (whole || last))
    startup.claim = Claim::sure;
  else
    startup.claim = whole ? Claim::no : Claim::more;
}

/** Whether the first bytes of length and code can still become one of the four codes. */
bool plausible(Bytes bytes) {
  if (!bytes.empty() && bytes[0] != 0) return false;
  if (bytes.size() > 1 && bytes[1] != 0) return false;
  if (bytes.size() > 4 && bytes[4] != 0 && bytes[4] != 0x04) return false;
  return bytes.size() <= 5 || bytes[5] == 2 || bytes[5] == 3 || bytes[5] == 0xd2;
}

Startup read_startup(Bytes bytes, bool last) {
  Startup startup;
  startup.claim = plausible(bytes) ? Claim::more : Claim::no;
  ByteReader in(bytes);
  const uint32_t length = in.be32(), code = in.be32();
  if (!in.ok() || startup.claim == Claim::no) return startup;
  startup.encryption = length == 8 && (code == tls_code || code == gss_code);
  startup.cancel = length >= 16 && length <= 268 && code == cancel_code;
  startup.claim = startup.encryption || startup.cancel ? Claim::sure : Claim::no;
  if (code == protocol_2 && length == 296) startup.claim = Claim::sure;
  const bool version_3 = code >= protocol_3 && code <= protocol_3 + 2;
  if (!version_3 || length < 9 || length > startup_bytes_max) return startup;
  const size_t body = length - 8;
  const bool whole = in.left() >= body;
  read_parameters(in.bytes(whole ? body : in.left()), whole, last, startup);
  return startup;
}

/** Authentication request: 'R', length, kind, with the length that belongs to the kind. */
bool is_authentication(uint8_t type, uint32_t length, ByteReader body) {
  if (type != 'R') return false;
  const uint32_t kind = body.be32();
  if (!body.ok()) return false;
  if (kind == 0 || kind == 2 || kind == 3 || kind == 6 || kind == 7 || kind == 9) return length == 8;
  if (kind == 5) return length == 12;
  return kind == 10 && length > 9 && as_text(body.rest()).starts_with("SCRAM-SHA-");
}

/** ErrorResponse as a server begins it: severity first. */
bool is_error(uint8_t type, ByteReader body) {
  if (type != 'E') return false;
  const std::string_view text = as_text(body.rest());
  for (std::string_view severity : {"SFATAL", "SERROR", "SPANIC"})
    if (text.starts_with(severity) && text.size() > 7 && text[6] == 0 && (text[7] == 'V' || text[7] == 'C'))
      return true;
  return false;
}

struct Reply {
  Claim claim = Claim::more;
  bool ready = false;  // ReadyForQuery or an error: nothing more to learn
  std::string_view version;
};

bool is_ready(uint8_t type, uint32_t length, Bytes body) {
  return type == 'Z' && length == 5 && !body.empty() && (body[0] == 'I' || body[0] == 'T' || body[0] == 'E');
}

void read_status(Bytes body, Reply& reply) {
  ByteReader in(body);
  const std::string_view name = take_c_string(in), value = take_c_string(in);
  if (in.ok() && name == "server_version") reply.version = value;
}

/** Messages of the server, one behind the other: type, length, body. */
Reply read_reply(Bytes bytes, bool midstream) {
  constexpr std::string_view types = "RSKZEN123tTDCInAGHWdcsVv";
  Reply reply;
  ByteReader in(bytes);
  for (int count = 0; in.left() > 0; count++) {
    const uint8_t type = in.u8();
    if (types.find(static_cast<char>(type)) == types.npos)
      return count > 1 ? reply : Reply{Claim::no, false, {}};
    const uint32_t length = in.be32();
    if (!in.ok()) return reply;
    if (length < 4 || length > 1 << 30) return count > 1 ? reply : Reply{Claim::no, false, {}};
    const Bytes body = in.rest().first(std::min<size_t>(in.left(), length - 4));
    if (is_authentication(type, length, ByteReader(body))) reply.claim = Claim::sure;
    if (is_error(type, ByteReader(body))) reply = {Claim::sure, true, {}};
    if (is_ready(type, length, body)) reply.ready = true;
    if (reply.ready && midstream && count > 0) reply.claim = Claim::sure;
    if (type == 'S') read_status(body, reply);
    in.skip(length - 4);
  }
  return reply;
}

/** A simple query or a Parse message: its text ends with the message and begins like SQL. */
bool is_query(Bytes bytes) {
  ByteReader in(bytes);
  const uint8_t type = in.u8();
  const uint32_t length = in.be32();
  if (!in.ok() || (type != 'Q' && type != 'P') || length < 6 || length > 1 << 24) return false;
  if (type == 'P') take_c_string(in);
  const std::string_view text = as_text(in.rest()).substr(0, length - 4);
  const bool ends = in.left() + 5 < length || text.find('\0') != text.npos;
  return in.ok() && ends && begins_like_sql(text.substr(0, text.find('\0')));
}

void note(const Startup& startup, const Reply& reply, Findings& findings) {
  if (!startup.user.empty()) findings.fact(Fact::postgresql_user, startup.user);
  if (!startup.database.empty()) findings.fact(Fact::postgresql_database, startup.database);
  if (!reply.version.empty()) findings.fact(Fact::postgresql_version, reply.version);
}

/** What an encryption request leads to: 'S' or 'G' hides the rest, 'N' goes on in clear. */
Claim after_encryption(Bytes client, Bytes server, bool last, Findings& findings) {
  if (!server.empty() && server[0] != 'N') {
    const bool answer = server[0] == 'S' || server[0] == 'G' || server[0] == 'E';
    if (server[0] == 'S') note_switched_to_tls(client.subspan(8), server.subspan(1), last, findings);
    return answer ? Claim::sure : Claim::no;
  }
  findings.unfinished();
  if (server.empty() || client.size() <= 8) return Claim::sure;
  Startup startup = read_startup(client.subspan(8), last);
  Bytes rest = server.subspan(1);
  if (startup.encryption && !rest.empty() && rest[0] == 'N') {  // GSS refused, TLS asked next, refused, too
    startup = read_startup(client.subspan(std::min<size_t>(16, client.size())), last);
    rest = rest.subspan(1);
  }
  note(startup, read_reply(rest, false), findings);
  return Claim::sure;
}

Claim judge(Bytes client, Bytes server, const Opening& opening, Findings& findings) {
  if (opening.midstream && (is_query(client) || read_reply(server, true).claim == Claim::sure))
    return Claim::sure;
  const bool last = opening.cut || client.size() >= opening_bytes_max;
  const Startup startup = read_startup(client, last);
  if (startup.claim == Claim::no) return Claim::no;
  if (startup.encryption) return after_encryption(client, server, last, findings);
  const Reply reply = read_reply(server, false);
  if (reply.claim == Claim::no && !startup.cancel) return Claim::no;
  const Claim claim = std::max(startup.claim, reply.claim);
  if (claim != Claim::sure) return Claim::more;
  note(startup, reply, findings);
  if (!startup.cancel && !reply.ready) findings.unfinished();
  return claim;
}

Claim recognise(const Opening& opening, Findings& findings) {
  return either_way(opening, findings, judge);
}

}  // namespace

extern const Application postgresql_application;
const Application postgresql_application{"postgresql", over_tcp, ports, recognise};

}  // namespace vmoat
