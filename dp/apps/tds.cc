// tds: SQL Server and Sybase (MS-TDS, TDS 5.0): PRELOGIN with its table of options, LOGIN7, or the login
// record of 5.0; mid-stream a batch in UCS-2 or the tokens of an answer.
#include <array>

#include "apps/sides.h"
#include "apps/sql.h"
#include "apps/text.h"
#include "apps/utf16.h"

namespace vmoat {
namespace {

constexpr uint16_t ports[] = {1433, 5000};
constexpr size_t header_bytes = 8;
enum Type : uint8_t { login_5 = 2, reply = 4, login_7 = 0x10, prelogin = 0x12 };

struct Packet {
  Claim claim = Claim::more;
  uint8_t type = 0;
  uint16_t length = 0;
  Bytes body;
};

/** Type, status, length, process id, number, window 0. */
Packet read_header(Bytes bytes) {
  Packet packet;
  ByteReader in(bytes);
  packet.type = in.u8();
  const uint8_t status = in.u8();
  packet.length = in.be16();
  in.skip(3);
  const uint8_t window = in.u8();
  const bool wrong = (bytes.size() > 1 && status > 0x1f) ||
                     (bytes.size() >= 4 && packet.length <= header_bytes) ||
                     (bytes.size() >= 8 && window != 0);
  if (wrong) packet.claim = Claim::no;
  if (wrong || !in.ok()) return packet;
  packet.claim = Claim::sure;
  packet.body = in.rest().first(std::min<size_t>(in.left(), packet.length - header_bytes));
  return packet;
}

/** Options {token, offset, length} up to 0xff, each within the packet, the first one VERSION with six bytes.
 */
Claim read_prelogin(const Packet& packet) {
  ByteReader in(packet.body);
  const size_t room = packet.length - header_bytes;
  for (int count = 0; count < 16; count++) {
    const uint8_t token = in.u8();
    if (in.ok() && token == 0xff) return count > 0 ? Claim::sure : Claim::no;
    const uint16_t offset = in.be16(), length = in.be16();
    if (!in.ok()) return packet.body.size() < room ? Claim::more : Claim::no;
    if (token > 0x10 || size_t{offset} + length > room || (count == 0 && (token != 0 || length != 6)))
      return Claim::no;
  }
  return Claim::no;
}

/** LOGIN7: its own length (little-endian), then a version of 7.0 to 7.4 or 8.0. */
Claim read_login_7(const Packet& packet) {
  ByteReader in(packet.body);
  const uint32_t length = in.le32(), version = in.le32();
  if (!in.ok()) return Claim::more;
  const uint8_t major = version >> 24 ? version >> 24 : version & 0xff;
  return length >= 86 && length < 1 << 17 && (major >= 0x70 && major <= 0x78) ? Claim::sure : Claim::no;
}

/** Login record of TDS 4 and 5: host name of 30 bytes and its length, the same for user, password and
 * process. */
Claim read_login_5(const Packet& packet) {
  constexpr size_t lengths[] = {30, 61, 92, 123};
  constexpr size_t needed = 124;
  if (packet.length < 512) return Claim::no;
  if (packet.body.size() < needed) return Claim::more;
  for (size_t at : lengths) {
    const uint8_t length = packet.body[at];
    if (length > 30) return Claim::no;
    for (size_t i = at - 30 + length; i < at; i++)
      if (packet.body[i] != 0) return Claim::no;
  }
  return packet.body[61] > 0 ? Claim::sure : Claim::no;  // somebody logs in
}

Claim read_client(Bytes bytes) {
  if (bytes.empty()) return Claim::more;
  if (bytes[0] != prelogin && bytes[0] != login_7 && bytes[0] != login_5) return Claim::no;
  const Packet packet = read_header(bytes);
  if (packet.claim != Claim::sure) return packet.claim;
  if (packet.type == prelogin) return read_prelogin(packet);
  return packet.type == login_7 ? read_login_7(packet) : read_login_5(packet);
}

/** The server answers PRELOGIN in the same form, anything else by tokens. */
Claim read_server(Bytes bytes) {
  if (bytes.empty()) return Claim::more;
  if (bytes[0] != reply) return Claim::no;
  const Packet packet = read_header(bytes);
  if (packet.claim != Claim::sure || packet.body.empty() || packet.body[0] != 0)
    return packet.claim == Claim::no ? Claim::no : Claim::more;
  return read_prelogin(packet);
}

/** A batch or a call (MS-TDS, 2.2.5.3): from 7.2 on its first header is that of the transaction, 18 bytes. */
bool is_batch(Bytes bytes) {
  constexpr uint8_t batch = 1, call = 3;
  const Packet packet = read_header(bytes);
  if (packet.claim != Claim::sure || (packet.type != batch && packet.type != call)) return false;
  ByteReader in(packet.body);
  const uint32_t all = in.le32(), one = in.le32();
  const uint16_t kind = in.le16();
  if (in.ok() && all == 22 && one == 18 && kind == 2) return true;
  if (packet.type != batch || packet.body.size() < 12) return false;
  std::array<char, 16> text{};
  for (size_t i = 0; i < text.size() && 2 * i + 1 < packet.body.size(); i++) {
    if (packet.body[2 * i + 1] != 0) return false;
    text[i] = static_cast<char>(packet.body[2 * i]);
  }
  return begins_like_sql({text.data(), text.size()});
}

/** An answer that begins with an information, an error, a change or an acknowledgement: kind, then a length
 * that fits. */
bool is_answer(Bytes bytes) {
  constexpr uint8_t kinds[] = {0xaa, 0xab, 0xad, 0xe3}, done[] = {0xfd, 0xfe, 0xff};
  const Packet packet = read_header(bytes);
  if (packet.claim != Claim::sure || packet.type != reply || packet.body.size() < 9) return false;
  ByteReader in(packet.body);
  const uint8_t kind = in.u8();
  const uint16_t length = in.le16();
  const size_t room = packet.length - header_bytes;
  if (std::find(std::begin(kinds), std::end(kinds), kind) != std::end(kinds)) {
    in.skip(length);
    return length >= 4 && length + 3U <= room && (in.left() == 0 || in.rest()[0] >= 0x79);
  }
  const bool ends = std::find(std::begin(done), std::end(done), kind) != std::end(done);
  return ends && length < 0x400 && (room == 9 || room == 13);
}

void note_wide(Bytes login, size_t field_at, Fact fact, Findings& findings) {
  ByteReader field(login);
  field.skip(field_at);
  const uint16_t offset = field.le16(), units = field.le16();
  ByteReader in(login);
  in.skip(offset);
  const Utf8OfUtf16 text(in.bytes(size_t{units} * 2));
  if (field.ok() && !text.view().empty() && is_text(text.view())) findings.fact(fact, text.view());
}

void note_padded(Bytes login, size_t at, Fact fact, Findings& findings) {
  constexpr size_t room = 30;
  if (login.size() <= at + room || login[at + room] > room) return;
  const std::string_view text = as_text(login.subspan(at, login[at + room]));
  if (!text.empty() && is_text(text)) findings.fact(fact, text);
}

/** Host, user and database of LOGIN7 (MS-TDS, 2.2.6.4) or TDS 5's login; true when one was there. */
bool note_login(Bytes client, Findings& findings) {
  for (int i = 0; i < 4 && !client.empty(); i++) {
    const Packet packet = read_header(client);
    if (packet.claim != Claim::sure) return false;
    if (packet.type == login_7) {
      note_wide(packet.body, 36, Fact::tds_host, findings);
      note_wide(packet.body, 40, Fact::tds_user, findings);
      note_wide(packet.body, 68, Fact::tds_database, findings);
    } else if (packet.type == login_5) {
      note_padded(packet.body, 0, Fact::tds_host, findings);
      note_padded(packet.body, 31, Fact::tds_user, findings);
    }
    if (packet.type != prelogin) return true;
    client = client.subspan(std::min<size_t>(packet.length, client.size()));
  }
  return false;
}

Claim judge(Bytes client, Bytes server, const Opening& opening, Findings& findings) {
  if (opening.midstream && (is_batch(client) || is_answer(server))) return Claim::sure;
  const Claim asked = read_client(client), answered = read_server(server);
  if (asked == Claim::no || answered == Claim::no) return Claim::no;
  const Claim claim = std::max(asked, answered);
  if (claim == Claim::sure && !note_login(client, findings)) findings.unfinished();
  return claim;
}

Claim recognise(const Opening& opening, Findings& findings) {
  return either_way(opening, findings, judge);
}

}  // namespace

extern const Application tds_application;
const Application tds_application{"tds", over_tcp, ports, recognise};

}  // namespace vmoat
