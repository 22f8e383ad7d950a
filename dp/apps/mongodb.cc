// mongodb: the MongoDB wire protocol: OP_MSG, OP_QUERY and OP_REPLY, OP_COMPRESSED; a BSON document that
// fits.
#include "apps/sides.h"
#include "apps/text.h"

namespace vmoat {
namespace {

constexpr uint16_t ports[] = {27017, 27018, 27019};
constexpr uint32_t message_bytes_max = 48 * 1000 * 1000 + 16384;
enum Operation : uint32_t {
  reply = 1,
  update = 2001,
  insert,
  query = 2004,
  get_more,
  remove,
  kill_cursors,
  compressed = 2012,
  message = 2013
};

struct Message {
  Claim claim = Claim::more;
  bool answer = false;
  std::string_view command;
};

/** A BSON document: length that fits, a first element of a known type with a name, which is the command. */
bool read_document(ByteReader in, uint32_t room, std::string_view& name) {
  const uint32_t length = in.le32();
  const uint8_t type = in.u8();
  if (!in.ok() || length < 5 || length > room) return false;
  if (length == 5) return type == 0;
  const std::string_view rest = as_text(in.rest());
  name = rest.substr(0, rest.find('\0'));
  const bool typed = (type >= 1 && type <= 0x13) || type == 0x7f || type == 0xff;
  return typed && is_text(name) && name.size() < 128;
}

bool is_message(ByteReader in, uint32_t room, std::string_view& command) {
  const uint32_t flags = in.le32();
  const uint8_t kind = in.u8();
  if (!in.ok() || (flags & 0xfffe & ~3U)) return false;
  if (kind == 1) return in.le32() <= room;
  return kind == 0 && read_document(in, room - 5, command);
}

/** "database.collection" up to its zero. */
bool take_collection(ByteReader& in) {
  const std::string_view rest = as_text(in.rest());
  const std::string_view name = rest.substr(0, rest.find('\0'));
  in.skip(name.size() + 1);
  return in.ok() && is_text(name) && name.find('.') != name.npos;
}

/** OP_QUERY: flags, "database.collection", skip, number, document. */
bool is_query(ByteReader in, uint32_t room, std::string_view& command) {
  in.skip(4);
  if (!take_collection(in)) return false;
  in.skip(8);
  return read_document(in, room, command) || !in.ok();
}

/** OP_REPLY: flags, cursor, first and number of documents; the first one fits, or there is none at all. */
bool is_reply(ByteReader in, uint32_t room) {
  constexpr uint32_t head = 20;
  const uint32_t flags = in.le32();
  in.skip(12);
  const uint32_t returned = in.le32();
  std::string_view name;
  if (!in.ok() || flags > 15 || room < head) return false;
  return returned == 0 ? room == head : returned < 1 << 20 && read_document(in, room - head, name);
}

/** OP_INSERT (flags first), OP_UPDATE and OP_DELETE (zero first, flags behind the name), then a document. */
bool is_write(ByteReader in, uint32_t operation, uint32_t room) {
  const uint32_t first = in.le32();
  if (first > (operation == insert ? 1U : 0U) || !take_collection(in)) return false;
  if (operation != insert && in.le32() > 3) return false;
  std::string_view name;
  return read_document(in, room, name);
}

/** OP_GET_MORE: zero, name, number, cursor; OP_KILL_CURSORS: zero, number, that many cursors. */
bool is_cursor(ByteReader in, uint32_t operation, uint32_t room) {
  if (in.le32() != 0) return false;
  if (operation == kill_cursors) return in.le32() * 8 + 8 == room && in.ok();
  return take_collection(in) && in.left() >= 12;
}

bool is_compressed(ByteReader in) {
  const uint32_t original = in.le32(), size = in.le32();
  const uint8_t compressor = in.u8();
  return in.ok() && (original == query || original == message || original == reply) &&
         size < message_bytes_max && compressor <= 3;
}

/** What stands behind the header, by operation. */
bool fits(ByteReader in, uint32_t operation, uint32_t room, std::string_view& command) {
  switch (operation) {
    case message:
      return is_message(in, room, command);
    case query:
      return is_query(in, room, command);
    case reply:
      return is_reply(in, room);
    case compressed:
      return is_compressed(in);
    case insert:
    case update:
    case remove:
      return is_write(in, operation, room);
    case get_more:
    case kill_cursors:
      return is_cursor(in, operation, room);
    default:
      return false;
  }
}

Message read_message(Bytes bytes, bool cut) {
  Message m;
  ByteReader in(bytes);
  const uint32_t length = in.le32(), id = in.le32(), to = in.le32(), operation = in.le32();
  const bool wrong_length = bytes.size() >= 4 && (length < 21 || length > message_bytes_max);
  const bool wrong = wrong_length || (bytes.size() >= 16 && operation != reply &&
                                      (operation < update || operation > message));
  if (wrong) m.claim = Claim::no;
  const bool waits = !cut && bytes.size() < std::min<size_t>(length, 64);
  if (wrong || !in.ok() || waits) return m;
  const uint32_t room = length - 16;
  m.claim = fits(in, operation, room, m.command) && id != to ? Claim::sure : Claim::no;
  m.answer = to != 0;
  return m;
}

/** OP_MSG names it in the element "$db", a legacy query before the dot of its collection. */
std::string_view database_of(Bytes message_bytes) {
  constexpr std::string_view element("\2$db\0", 5);
  constexpr size_t header = 16;
  const std::string_view text = as_text(message_bytes);
  const size_t at = text.find(element);
  ByteReader in(message_bytes);
  in.skip(at == text.npos ? header + 4 : at + element.size());
  std::string_view name;
  if (at != text.npos) {
    const uint32_t length = in.le32();
    name = in.text(length - (length > 0 ? 1 : 0));
  } else {
    const std::string_view rest = as_text(in.rest());
    name = rest.substr(0, rest.find('\0'));
    name = name.substr(0, std::min(name.find('.'), name.size()));
  }
  return in.ok() && is_text(name) && name.size() < 64 ? name : std::string_view{};
}

bool is_legacy_query(Bytes bytes) {
  ByteReader in(bytes);
  in.skip(12);
  return in.le32() == query;
}

Claim judge(Bytes client, Bytes server, const Opening& opening, Findings& findings) {
  const Message asked = read_message(client, opening.cut), answered = read_message(server, opening.cut);
  if (asked.claim == Claim::no || (answered.claim == Claim::no && !opening.midstream)) return Claim::no;
  if (asked.claim == Claim::sure && asked.answer) return Claim::no;
  if (answered.claim == Claim::sure && !answered.answer) return Claim::no;
  const Claim claim = std::max(asked.claim, answered.claim);
  if (claim == Claim::sure && !asked.command.empty()) findings.fact(Fact::mongodb_command, asked.command);
  const bool names = as_text(client).find("$db") != std::string_view::npos || is_legacy_query(client);
  if (claim == Claim::sure && names)
    if (const auto database = database_of(client); !database.empty())
      findings.fact(Fact::mongodb_database, database);
  return claim;
}

Claim recognise(const Opening& opening, Findings& findings) {
  return either_way(opening, findings, judge);
}

}  // namespace

extern const Application mongodb_application;
const Application mongodb_application{"mongodb", over_tcp, ports, recognise};

}  // namespace vmoat
