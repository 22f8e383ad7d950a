// spark: Apache Spark's RPC (network-common's message encoders): a frame of eight bytes of length, a message
// type and a body that names its endpoints and holds a serialised Java object.
#include "apps/sides.h"
#include "apps/text.h"

namespace vmoat {
namespace {

constexpr uint16_t ports[] = {7077, 7078};
constexpr uint64_t frame_bytes_max = 1 << 30;
constexpr size_t frame_header_bytes = 9;
constexpr std::string_view serialised("\xac\xed\0\5", 4);  // the head of a Java object stream, version 5
enum Type : uint8_t { rpc_request = 3, rpc_response = 4, one_way = 9 };

struct Frame {
  Claim claim = Claim::more;
  uint8_t type = 0;
  Bytes body;  // as much of it as there is
  bool whole = false;
};

/** Bytes between type and body: requests and responses bear an id of eight bytes before the body's length. */
size_t head_bytes(uint8_t type) {
  return type == one_way ? 4 : 12;
}

/** The frame's length is that of its parts. */
Frame read_frame(Bytes bytes) {
  Frame frame;
  ByteReader in(bytes);
  const uint64_t length = in.be64();
  frame.type = in.u8();
  for (size_t i = 0; i < std::min<size_t>(bytes.size(), 4); i++)
    if (bytes[i] != 0) frame.claim = Claim::no;
  if (bytes.size() >= 8 && (length < frame_header_bytes + 4 || length > frame_bytes_max))
    frame.claim = Claim::no;
  if (bytes.size() > 8 && frame.type != rpc_request && frame.type != rpc_response && frame.type != one_way)
    frame.claim = Claim::no;
  if (frame.claim == Claim::no || !in.ok()) return frame;
  if (frame.type != one_way) in.skip(8);
  const uint32_t body = in.be32();
  if (!in.ok()) return frame;
  frame.claim = length == frame_header_bytes + head_bytes(frame.type) + body ? Claim::guess : Claim::no;
  frame.body = in.rest().first(std::min<size_t>(in.left(), body));
  frame.whole = frame.body.size() == body;
  return frame;
}

/** A Java object in the message; requests name the endpoint before it. */
Claim read_side(Bytes bytes, bool client) {
  if (bytes.empty()) return Claim::more;
  const Frame frame = read_frame(bytes);
  if (frame.claim != Claim::guess) return frame.claim;
  if (client == (frame.type == rpc_response)) return Claim::no;
  if (as_text(frame.body).find(serialised) != std::string_view::npos) return Claim::sure;
  return frame.whole ? Claim::no : Claim::more;
}

Claim judge(Bytes client, Bytes server, const Opening&, Findings&) {
  const Claim asked = read_side(client, true), answered = read_side(server, false);
  return asked == Claim::no || answered == Claim::no ? Claim::no : std::max(asked, answered);
}

Claim recognise(const Opening& opening, Findings& findings) {
  return either_way(opening, findings, judge);
}

}  // namespace

extern const Application spark_application;
const Application spark_application{"spark", over_tcp, ports, recognise};

}  // namespace vmoat
