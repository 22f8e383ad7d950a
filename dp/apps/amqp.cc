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

/** Connection.StartOk (10, 11): properties, mechanism, then PLAIN's "\0user\0password" (RFC 4616). */
void note_login(ByteReader in, Findings& findings) {
  in.skip(in.be32());
  const std::string_view mechanism = in.text(in.u8());
  std::string_view response = in.text(in.be32());
  if (!in.ok() || mechanism != "PLAIN") return;
  take_until(response, '\0');
  const size_t end = response.find('\0');
  const std::string_view user = response.substr(0, end);
  if (end != response.npos && !user.empty() && is_text(user)) findings.fact(Fact::amqp_user, user);
}

/** The client's frames behind the protocol header (0-9-1, 2.3.5); true once it has opened a virtual host. */
bool note_frames(Bytes client, Findings& findings) {
  constexpr size_t header = 8;
  ByteReader in(client.subspan(std::min(client.size(), header)));
  for (int i = 0; i < 8 && in.left() > 0; i++) {
    const uint8_t type = in.u8();
    in.skip(2);
    ByteReader body(in.bytes(in.be32()));
    if (in.u8() != 0xce || !in.ok()) return false;
    const uint32_t method = body.be32();
    if (type == 1 && method == (10 << 16 | 11)) note_login(body, findings);
    if (type != 1 || method != (10 << 16 | 40)) continue;
    const std::string_view host = body.text(body.u8());
    if (body.ok() && is_text(host)) findings.fact(Fact::amqp_vhost, host);
    return true;
  }
  return false;
}

Claim judge(Bytes client, Bytes server, const Opening& opening, Findings& findings) {
  if (opening.midstream && (goes_on(client) || goes_on(server))) return Claim::sure;
  const Claim asked = read_header(client), answered = read_answer(server);
  if (asked == Claim::no || answered == Claim::no) return Claim::no;
  const bool frames = client.size() >= 8 && client[4] == 0;  // 0-9: no SASL header, not 1.0
  const bool opened = asked == Claim::sure && note_frames(client, findings);
  const bool old = asked == Claim::sure && frames && client[5] == 0;
  if (old && !opened) findings.unfinished();
  return std::max(asked, answered);
}

Claim recognise(const Opening& opening, Findings& findings) {
  return either_way(opening, findings, judge);
}

}  // namespace

extern const Application amqp_application;
const Application amqp_application{"amqp", over_tcp, ports, recognise};

}  // namespace vmoat
