// http2: HTTP/2 (RFC 9113) in clear: the client's preface, frames mid-stream. gRPC, and etcd in it, are told
// by header values as HPACK writes them (RFC 7541), plain or in its Huffman code.
#include "apps/sides.h"
#include "apps/text.h"

namespace vmoat {
namespace {

constexpr uint16_t ports[] = {80, 8080, 50051, 2379};
constexpr std::string_view preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
constexpr size_t frame_header = 9;
constexpr uint32_t frame_bytes_max = 1 << 14;
enum Type : uint8_t {
  data_frame,
  headers,
  priority,
  reset,
  settings,
  push,
  ping,
  go_away,
  window,
  continuation
};

struct Frame {
  uint32_t length = 0;
  uint8_t type = 0, flags = 0;
  uint32_t stream = 0;
};

/** Lengths and streams that a frame of its type must have (RFC 9113, 6). */
bool fits(const Frame& f) {
  switch (f.type) {
    case settings:
      return f.stream == 0 && f.length % 6 == 0 && f.length <= 120 && (f.flags & ~1) == 0;
    case ping:
      return f.stream == 0 && f.length == 8;
    case window:
      return f.length == 4;
    case priority:
      return f.stream != 0 && f.length == 5;
    case reset:
      return f.stream != 0 && f.length == 4;
    case go_away:
      return f.stream == 0 && f.length >= 8;
    case data_frame:
    case headers:
    case push:
    case continuation:
      return f.stream != 0;
    default:
      return false;
  }
}

struct Frames {
  int count = 0;
  bool wrong = false, heads = false;
  bool begins_with_settings = false;
};

Frames read_frames(Bytes bytes) {
  Frames frames;
  ByteReader in(bytes);
  while (in.left() >= frame_header) {
    const Frame f{in.be24(), in.u8(), in.u8(), in.be32()};
    if (f.length > frame_bytes_max || f.stream >> 31 || !fits(f))
      return frames.wrong = frames.count == 0, frames;
    if (frames.count == 0) frames.begins_with_settings = f.type == settings;
    frames.count++;
    frames.heads = frames.heads || f.type == headers;
    in.skip(f.length);
  }
  return frames;
}

/** The first bytes of "application/grpc" and "/etcdserverpb." in HPACK's Huffman code; whole bytes only. */
constexpr std::string_view grpc_coded = "\x1d\x75\xd0\x62\x0d\x26\x3d\x4c\x4d\x65";
constexpr std::string_view etcd_coded = "\x60\xa9\x24\x88\x2d\x9d\xcb\x65\x71";

bool names_any(Bytes bytes, std::string_view plain, std::string_view coded) {
  const std::string_view text = as_text(bytes);
  return text.find(plain) != text.npos || text.find(coded) != text.npos;
}

void note(Bytes client, Bytes server, Findings& findings) {
  if (!names_any(client, "application/grpc", grpc_coded) &&
      !names_any(server, "application/grpc", grpc_coded))
    return;
  findings.layer("grpc");
  if (names_any(client, "/etcdserverpb.", etcd_coded)) findings.layer("etcd");
}

/** Without the preface: a server's SETTINGS, or mid-stream three frames in a row. */
Claim judge_frames(Bytes client, Bytes server, const Opening& opening) {
  const Frames asked = read_frames(client), answered = read_frames(server);
  if (asked.wrong || answered.wrong) return Claim::no;
  if (opening.midstream && asked.count + answered.count >= 3 && asked.count * answered.count > 0)
    return Claim::sure;
  if (answered.begins_with_settings && answered.count >= 2 && client.empty()) return Claim::sure;
  return opening.midstream || client.empty() ? Claim::more : Claim::no;
}

Claim judge(Bytes client, Bytes server, const Opening& opening, Findings& findings) {
  const Claim greeting = begins(client, preface);
  if (greeting == Claim::no || client.empty()) return judge_frames(client, server, opening);
  if (greeting != Claim::sure) return client.size() >= 16 ? Claim::sure : Claim::more;
  const Frames asked = read_frames(client.subspan(preface.size())), answered = read_frames(server);
  if (answered.wrong) return Claim::no;
  note(client, server, findings);
  if (!asked.heads || !answered.heads) findings.unfinished();
  return Claim::sure;
}

Claim recognise(const Opening& opening, Findings& findings) {
  return either_way(opening, findings, judge);
}

}  // namespace

extern const Application http2_application;
const Application http2_application{"http2", over_tcp, ports, recognise};

}  // namespace vmoat
