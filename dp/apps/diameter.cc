// diameter: Diameter (RFC 6733) over TCP and SCTP: header, then AVPs: the first is one that comes first, or
// all of them end where the message does.
#include "apps/sides.h"

namespace vmoat {
namespace {

constexpr uint16_t ports[] = {3868};
constexpr size_t header_bytes = 20;

/** Session-Id, Origin-Host, Host-IP-Address, Result-Code, Destination-…: what messages begin with. */
bool may_be_first(uint32_t code) {
  return code == 263 || code == 264 || code == 257 || code == 268 || code == 283 || code == 293 ||
         code == 296 || code == 278;
}

/** AVPs one behind the other, padded to four bytes, up to the end; who sends must be among them. */
bool are_attributes(Bytes bytes) {
  constexpr uint32_t origin_host = 264, session = 263;
  ByteReader in(bytes);
  bool known = false;
  while (in.left() > 0) {
    const uint32_t code = in.be32();
    const uint8_t flags = in.u8();
    const uint32_t length = in.be24();
    if (!in.ok() || length < 8 || (flags & 0x1f)) return false;
    known = known || code == origin_host || code == session;
    in.skip((length - 8 + 3) / 4 * 4);
  }
  return in.ok() && known;
}

struct Message {
  Claim claim = Claim::more;
  bool request = false;
};

Message read_message(Bytes bytes) {
  Message message;
  ByteReader in(bytes);
  const uint8_t version = in.u8();
  const uint32_t length = in.be24();
  const uint8_t flags = in.u8();
  const uint32_t command = in.be24();
  if (!bytes.empty() && version != 1) message.claim = Claim::no;
  if (bytes.size() >= 4 && (length % 4 != 0 || length < header_bytes || length > 1 << 20))
    message.claim = Claim::no;
  if (bytes.size() >= 5 && (flags & 0x0f)) message.claim = Claim::no;
  if (bytes.size() >= 8 && (command < 257 || (command > 400 && (command < 8388600 || command > 8388800))))
    message.claim = Claim::no;
  in.skip(12);
  const uint32_t code = in.be32();
  const uint8_t avp_flags = in.u8();
  const uint32_t avp_length = in.be24();
  if (message.claim == Claim::no || !in.ok()) return message;
  const bool first = (avp_flags & 0x1f) == 0 && avp_length >= 8 && avp_length + header_bytes <= length;
  message.claim = first && may_be_first(code) ? Claim::sure : first ? Claim::more : Claim::no;
  if (message.claim == Claim::more && bytes.size() >= length)
    message.claim = are_attributes(bytes.first(length).subspan(header_bytes)) ? Claim::sure : Claim::no;
  message.request = flags & 0x80;
  return message;
}

/** Both ends may ask once the connection stands; the opener asks first. */
Claim judge(Bytes client, Bytes server, const Opening&, Findings&) {
  const Message asked = read_message(client), answered = read_message(server);
  if (asked.claim == Claim::no || answered.claim == Claim::no) return Claim::no;
  if (asked.claim == Claim::sure && !asked.request) return Claim::no;
  if (answered.claim == Claim::sure && answered.request && asked.claim != Claim::sure) return Claim::no;
  return std::max(asked.claim, answered.claim);
}

Claim recognise(const Opening& opening, Findings& findings) {
  return either_way(opening, findings, judge);
}

}  // namespace

extern const Application diameter_application;
const Application diameter_application{"diameter", over_tcp | over_sctp, ports, recognise};

}  // namespace vmoat
