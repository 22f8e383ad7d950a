// websocket: WebSocket frames mid-stream (RFC 6455, 5): the client's masked, the server's not, text that is
// text. With its beginning seen it is a layer of http.
#include "apps/sides.h"
#include "apps/text.h"

namespace vmoat {
namespace {

constexpr uint16_t ports[] = {80, 8080};
enum Opcode : uint8_t { next_part, text_frame, binary, close_frame = 8, ping, pong };

struct Frames {
  int whole = 0, texts = 0;
  bool wrong = false;
};

/** A payload as text, unmasked on the way. */
bool is_text_payload(Bytes payload, const uint8_t (&mask)[4]) {
  for (size_t i = 0; i < payload.size(); i++) {
    const uint8_t c = payload[i] ^ mask[i % 4];
    if ((c < ' ' && c != '\t' && c != '\n' && c != '\r') || c == 0x7f) return false;
  }
  return !payload.empty();
}

size_t take_length(ByteReader& in, uint8_t second) {
  const uint8_t length = second & 0x7f;
  if (length < 126) return length;
  const uint64_t longer = length == 126 ? in.be16() : in.be64();
  if (longer < 126 || longer > 1 << 26) in.fail();
  return longer;
}

/** Reads one frame; false where it is not whole. */
bool read_frame(ByteReader& in, bool masked, Frames& frames) {
  const uint8_t first = in.u8(), second = in.u8();
  const uint8_t opcode = first & 15;
  const bool control = opcode >= close_frame;
  const bool known = opcode <= binary || (opcode >= close_frame && opcode <= pong);
  if (!in.ok() || (first & 0x70) || !known || masked != bool(second & 0x80) ||
      (control && (second & 0x7f) > 125))
    return frames.wrong = true, false;
  const size_t length = take_length(in, second);
  uint8_t mask[4] = {};
  for (uint8_t& byte : mask) byte = masked ? in.u8() : 0;
  const Bytes payload = in.bytes(length);
  if (!in.ok()) return false;
  frames.whole++;
  if (opcode == text_frame && !is_text_payload(payload, mask)) return frames.wrong = true, false;
  if (opcode == text_frame) frames.texts++;
  return true;
}

Frames read_frames(Bytes bytes, bool masked) {
  Frames frames;
  ByteReader in(bytes);
  while (in.left() >= 2 && read_frame(in, masked, frames)) {
  }
  return frames;
}

/** One whole text frame of each end, and nothing that is no frame. */
Claim judge(Bytes client, Bytes server, const Opening&, Findings&) {
  const Frames asked = read_frames(client, true), answered = read_frames(server, false);
  if (asked.wrong || answered.wrong) return Claim::no;
  return asked.texts > 0 && answered.texts > 0 ? Claim::sure : Claim::more;
}

Claim recognise(const Opening& opening, Findings& findings) {
  return opening.midstream ? either_way(opening, findings, judge) : Claim::no;
}

}  // namespace

extern const Application websocket_application;
const Application websocket_application{"websocket", over_tcp, ports, recognise};

}  // namespace vmoat
