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

/** OP_QUERY: flags, "database.collection", skip, number, document. */
bool is_query(ByteReader in, uint32_t room, std::string_view& command) {
  in.skip(4);
  const std::string_view rest = as_text(in.rest());
  const std::string_view name = rest.substr(0, rest.find('\0'));
  if (!in.ok() || !is_text(name) || name.find('.') == name.npos || name.size() == rest.size()) return false;
  in.skip(name.size() + 1 + 8);
  return read_document(in, room, command) || !in.ok();
}

bool is_reply(ByteReader in) {
  const uint32_t flags = in.le32();
  in.skip(12);
  const uint32_t returned = in.le32();
  return in.ok() && flags < 16 && returned < 1 << 24;
}

bool is_compressed(ByteReader in) {
  const uint32_t original = in.le32(), size = in.le32();
  const uint8_t compressor = in.u8();
  return in.ok() && (original == query || original == message || original == reply) &&
         size < message_bytes_max && compressor <= 3;
}

Message read_message(Bytes bytes) {
  Message m;
  ByteReader in(bytes);
  const uint32_t length = in.le32(), id = in.le32(), to = in.le32(), operation = in.le32();
  const bool wrong_length = bytes.size() >= 4 && (length < 21 || length > message_bytes_max);
  const bool wrong = wrong_length || (bytes.size() >= 16 && operation != reply &&
                                      (operation < update || operation > message));
  if (wrong) m.claim = Claim::no;
  const bool waits = bytes.size() < std::min<size_t>(length, 64);
  if (wrong || !in.ok() || waits) return m;
  const uint32_t room = length - 16;
  bool fits = false;
  if (operation == message)
    fits = is_message(in, room, m.command);
  else if (operation == query)
    fits = is_query(in, room, m.command);
  else if (operation == reply)
    fits = is_reply(in);
  else if (operation == compressed)
    fits = is_compressed(in);
  m.claim = fits && id != to ? Claim::sure : Claim::no;
  m.answer = to != 0;
  return m;
}

Claim judge(Bytes client, Bytes server, const Opening& opening, Findings& findings) {
  const Message asked = read_message(client), answered = read_message(server);
  if (asked.claim == Claim::no || (answered.claim == Claim::no && !opening.midstream)) return Claim::no;
  if (asked.claim == Claim::sure && asked.answer) return Claim::no;
  if (answered.claim == Claim::sure && !answered.answer) return Claim::no;
  const Claim claim = std::max(asked.claim, answered.claim);
  if (claim == Claim::sure && !asked.command.empty()) findings.fact(Fact::mongodb_command, asked.command);
  return claim;
}

Claim recognise(const Opening& opening, Findings& findings) {
  return either_way(opening, findings, judge);
}

}  // namespace

extern const Application mongodb_application;
const Application mongodb_application{"mongodb", over_tcp, ports, recognise};

}  // namespace vmoat
