// cassandra: the CQL binary protocol, versions 1 to 5 (native_protocol_v5.spec): STARTUP, or OPTIONS and
// SUPPORTED, or a query in CQL.
#include <array>

#include "apps/sides.h"
#include "apps/sql.h"

namespace vmoat {
namespace {

constexpr uint16_t ports[] = {9042};
enum Opcode : uint8_t {
  error = 0,
  startup = 1,
  ready = 2,
  authenticate = 3,
  options = 5,
  supported = 6,
  query = 7,
  prepare = 9
};
constexpr uint8_t response_bit = 0x80;

struct Frame {
  Claim claim = Claim::more;  // sure: the header's form holds
  uint8_t version = 0, opcode = 0;
  uint32_t length = 0;
  Bytes body;
};

/** Header of 9 bytes (v3 on, stream of two) or 8. */
Frame read_frame(Bytes bytes, uint8_t direction) {
  Frame frame;
  ByteReader in(bytes);
  const uint8_t first = in.u8(), flags = in.u8();
  frame.version = first & 0x7f;
  const bool wrong =
      (!bytes.empty() && ((first & response_bit) != direction || frame.version < 1 || frame.version > 6)) ||
      (bytes.size() > 1 && flags > 0x1f);
  if (wrong) frame.claim = Claim::no;
  if (wrong) return frame;
  in.skip(frame.version >= 3 ? 2 : 1);
  frame.opcode = in.u8();
  frame.length = in.be32();
  if (!in.ok()) return frame;
  frame.claim = frame.opcode <= 0x10 && frame.length < 256 << 20 ? Claim::sure : Claim::no;
  frame.body = in.rest().first(std::min<size_t>(in.left(), frame.length));
  return frame;
}

/** STARTUP's map begins with a string; CQL_VERSION is among the keys. */
Claim read_startup(const Frame& frame) {
  if (frame.length < 20 || frame.length > 4096) return Claim::no;
  const std::string_view text = as_text(frame.body);
  if (text.find("CQL_VERSION") != text.npos) return Claim::sure;
  return frame.body.size() < frame.length ? Claim::more : Claim::no;
}

/** OPTIONS is an empty frame; its answer must be SUPPORTED, an error, or nothing yet. */
Claim read_options(const Frame& asked, const Frame& answered) {
  if (asked.length != 0) return Claim::no;
  if (answered.claim != Claim::sure) return answered.claim;
  return answered.opcode == supported || answered.opcode == error ? Claim::sure : Claim::no;
}

/** QUERY and PREPARE: a long string that begins like SQL, as CQL does. */
Claim read_query(const Frame& frame) {
  ByteReader in(frame.body);
  const uint32_t length = in.be32();
  if (!in.ok()) return Claim::more;
  if (length == 0 || length > frame.length - 4) return Claim::no;
  const std::string_view text = as_text(in.rest()).substr(0, length);
  if (text.size() < std::min<size_t>(length, 16)) return Claim::more;
  return begins_like_sql(text) ? Claim::sure : Claim::no;
}

/** STARTUP's map of strings (native_protocol_v5.spec, 4.1.1): who connects. */
void note_driver(Bytes body, Findings& findings) {
  ByteReader in(body);
  std::string_view name, version;
  for (uint16_t count = in.be16(); count > 0 && in.left() > 0; count--) {
    const std::string_view key = in.text(in.be16()), value = in.text(in.be16());
    if (!in.ok() || !is_text(value)) break;
    if (key == "DRIVER_NAME") name = value;
    if (key == "DRIVER_VERSION") version = value;
  }
  std::array<char, 128> text;
  if (name.empty() || name.size() + 1 + version.size() > text.size()) return;
  size_t size = name.copy(text.data(), name.size());
  if (!version.empty()) text[size++] = ' ';
  size += version.copy(&text[size], version.size());
  findings.fact(Fact::cassandra_driver, {text.data(), size});
}

Claim judge(Bytes client, Bytes server, const Opening&, Findings& findings) {
  const Frame asked = read_frame(client, 0), answered = read_frame(server, response_bit);
  if (asked.claim == Claim::no || answered.claim == Claim::no) return Claim::no;
  if (asked.claim != Claim::sure) return Claim::more;
  if (asked.opcode == startup) {
    const Claim claim = read_startup(asked);
    if (claim == Claim::sure) note_driver(asked.body, findings);
    return claim;
  }
  if (asked.opcode == query || asked.opcode == prepare) return read_query(asked);
  return asked.opcode == options ? read_options(asked, answered) : Claim::no;
}

Claim recognise(const Opening& opening, Findings& findings) {
  return either_way(opening, findings, judge);
}

}  // namespace

extern const Application cassandra_application;
const Application cassandra_application{"cassandra", over_tcp, ports, recognise};

}  // namespace vmoat
