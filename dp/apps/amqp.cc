// amqp: AMQP 0-8 to 1.0: the protocol header "AMQP" and a version, from the client first.
#include "apps/sides.h"
#include "apps/text.h"

namespace vmoat {
namespace {

constexpr uint16_t ports[] = {5672};

/** "AMQP", protocol id 0–3, three version bytes that are small. */
Claim read_header(Bytes bytes) {
  const Claim name = begins(bytes, "AMQP");
  if (name != Claim::sure) return name;
  for (size_t i = 4; i < std::min<size_t>(bytes.size(), 8); i++)
    if (bytes[i] > 10) return Claim::no;
  return bytes.size() < 8 ? Claim::more : Claim::sure;
}

/** Mid-stream: a method frame of a known class, or a content frame, up to its end mark 0xce (0-9-1, 4.2.3).
 */
bool begins_with_frame(Bytes bytes) {
  ByteReader in(bytes);
  const uint8_t type = in.u8();
  in.skip(2);
  const Bytes payload = in.bytes(in.be32());
  const uint8_t end = in.u8();
  if (!in.ok() || end != 0xce || payload.size() < 4 || type < 1 || type > 2) return false;
  const uint16_t kind = static_cast<uint16_t>(payload[0] << 8 | payload[1]);
  return kind == 85 || (kind >= 10 && kind <= 90 && kind % 10 == 0);
}

/** Mid-stream: a heartbeat, an empty frame of type 8 on channel 0 (0-9-1, 4.2.7). */
bool begins_with_heartbeat(Bytes bytes) {
  constexpr std::string_view heartbeat("\x08\0\0\0\0\0\0\xce", 8);
  return begins(bytes, heartbeat) == Claim::sure;
}

/** Mid-stream, 1.0: size, data offset 2 to 4, type 0 or 1, channel, then a described performative (2.3, 2.7).
 */
bool begins_with_performative(Bytes bytes) {
  ByteReader in(bytes);
  const uint32_t size = in.be32();
  const uint8_t offset = in.u8(), type = in.u8();
  in.skip(2 + (offset > 2 && offset <= 4 ? (offset - 2) * 4 : 0));
  const uint8_t described = in.u8(), small = in.u8(), code = in.u8();
  if (!in.ok() || size < 11 || size > 1 << 24 || offset < 2 || offset > 4 || type > 1) return false;
  return described == 0 && small == 0x53 &&
         (type == 0 ? code >= 0x10 && code <= 0x18 : code >= 0x40 && code <= 0x44);
}

bool goes_on(Bytes bytes) {
  return begins_with_frame(bytes) || begins_with_heartbeat(bytes) || begins_with_performative(bytes);
}

/** The server answers with a frame (0-9: method 10,10 Connection.Start) or its own header. */
Claim read_answer(Bytes bytes) {
  if (bytes.empty()) return Claim::more;
  if (bytes[0] == 'A') return read_header(bytes);
  return bytes[0] == 1 || bytes[0] == 0 ? Claim::more : Claim::no;
}

Claim judge(Bytes client, Bytes server, const Opening& opening, Findings&) {
  if (opening.midstream && (goes_on(client) || goes_on(server))) return Claim::sure;
  const Claim asked = read_header(client), answered = read_answer(server);
  return asked == Claim::no || answered == Claim::no ? Claim::no : std::max(asked, answered);
}

Claim recognise(const Opening& opening, Findings& findings) {
  return either_way(opening, findings, judge);
}

}  // namespace

extern const Application amqp_application;
const Application amqp_application{"amqp", over_tcp, ports, recognise};

}  // namespace vmoat
