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
constexpr uint32_t streams_max = 1 << 20;  // of one connection, before it is worth another one
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

/** Flags that a type defines (RFC 9113, 6). */
uint8_t flags_of(uint8_t type) {
  constexpr uint8_t defined[] = {0x09, 0x2d, 0, 0, 0x01, 0x0c, 0x01, 0, 0, 0x04};
  return defined[type];
}

/** Flags, lengths and streams that a frame of its type must have (RFC 9113, 6). */
bool fits(const Frame& f) {
  if (f.type > continuation || (f.flags & ~flags_of(f.type)) != 0 || f.stream >= streams_max) return false;
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
  bool telling = false;  // of a length that only its type has
  bool broken = false;   // a later one is no frame
  bool begins_with_settings = false;
};

Frames read_frames(Bytes bytes) {
  Frames frames;
  ByteReader in(bytes);
  while (in.left() >= frame_header) {
    const Frame f{in.be24(), in.u8(), in.u8(), in.be32()};
    if (f.length > frame_bytes_max || f.stream >> 31 || !fits(f))
      return frames.wrong = frames.count == 0, frames.broken = true, frames;
    if (frames.count == 0) frames.begins_with_settings = f.type == settings;
    frames.count++;
    frames.heads = frames.heads || (f.type == headers && f.length >= 2 && f.stream % 2 == 1);
    frames.telling =
        frames.telling || f.type == ping || f.type == window || (f.type == settings && f.length > 0);
    in.skip(f.length);
  }
  return frames;
}

/** The first bytes of "application/grpc" and "/etcdserverpb." in HPACK's Huffman code; whole bytes only. */
constexpr std::string_view grpc_coded = "\x1d\x75\xd0\x62\x0d\x26\x3d\x4c\x4d\x65";
constexpr std::string_view etcd_coded = "\x60\xa9\x24\x88\x2d\x9d\xcb\x65\x71";

/** An integer of HPACK behind `bits` bits of a first byte (RFC 7541, 5.1); the reader fails past 2^21. */
uint32_t take_integer(ByteReader& in, uint8_t first, int bits) {
  const uint32_t limit = (1U << bits) - 1;
  uint32_t value = first & limit;
  if (value < limit) return value;
  for (int shift = 0; shift < 21; shift += 7) {
    const uint8_t byte = in.u8();
    value += static_cast<uint32_t>(byte & 0x7f) << shift;
    if (!(byte & 0x80)) return value;
  }
  in.fail();
  return 0;
}

/** A string as it stands, plain or coded; which of both does not matter where its beginning is compared. */
std::string_view take_string(ByteReader& in) {
  const uint8_t first = in.u8();
  return in.text(take_integer(in, first, 7));
}

struct Hints {
  bool grpc = false, etcd = false;
};

constexpr uint32_t index_path = 4, index_path_default = 5, index_type = 31;  // RFC 7541, appendix A

void note_value(uint32_t index, std::string_view value, Hints& hints) {
  const bool type = index == 0 || index == index_type,
             path = index == index_path || index == index_path_default;
  if (type && (value.starts_with("application/grpc") || value.starts_with(grpc_coded))) hints.grpc = true;
  if (path && (value.starts_with("/etcdserverpb.") || value.starts_with(etcd_coded))) hints.etcd = true;
}

/** The fields of one header block (RFC 7541, 6); index 0 stands for a name of its own. */
void read_block(ByteReader in, Hints& hints) {
  while (in.left() > 0) {
    const uint8_t first = in.u8();
    if (first & 0x80) {
      take_integer(in, first, 7);
    } else if ((first & 0xe0) == 0x20) {
      take_integer(in, first, 5);  // size of the dynamic table
    } else {
      const uint32_t index = take_integer(in, first, first & 0x40 ? 6 : 4);
      if (index == 0) take_string(in);
      const std::string_view value = take_string(in);
      if (!in.ok()) return;
      note_value(index, value, hints);
    }
  }
}

/** The block of a HEADERS frame without padding and priority (RFC 9113, 6.2). */
Bytes block_of(const Frame& frame, Bytes payload) {
  ByteReader in(payload);
  const uint8_t padding = frame.flags & 0x08 ? in.u8() : 0;
  if (frame.flags & 0x20) in.skip(5);
  const Bytes rest = in.rest();
  return padding <= rest.size() ? rest.first(rest.size() - padding) : Bytes{};
}

Hints read_headers(Bytes bytes) {
  Hints hints;
  ByteReader in(bytes);
  while (in.left() >= frame_header) {
    const Frame f{in.be24(), in.u8(), in.u8(), in.be32()};
    const Bytes payload = in.rest().first(std::min<size_t>(in.left(), f.length));
    if (f.type == headers) read_block(ByteReader(block_of(f, payload)), hints);
    in.skip(f.length);
  }
  return hints;
}

void note(Bytes client, Bytes server, Findings& findings) {
  const Hints asked = read_headers(client), answered = read_headers(server);
  if (!asked.grpc && !answered.grpc) return;
  findings.layer("grpc");
  if (asked.etcd) findings.layer("etcd");
}

/** A server may speak first (RFC 9113, 3.4): its SETTINGS and another frame. */
bool is_greeting(const Frames& answered) {
  return !answered.wrong && answered.begins_with_settings && answered.count >= 2;
}

/** Without the preface: a server's greeting, or mid-stream three frames in a row. */
Claim judge_frames(Bytes client, Bytes server, const Opening& opening, Findings& findings) {
  const Frames asked = read_frames(client), answered = read_frames(server);
  if (asked.wrong || answered.wrong) return Claim::no;
  const bool both = asked.count > 0 && answered.count > 0, heads = asked.heads || answered.heads;
  const bool telling = asked.telling || answered.telling;
  const bool enough = asked.count + answered.count >= (both ? 3 : 4) && heads && telling;
  if (opening.midstream && enough && !asked.broken && !answered.broken) {
    note(client, server, findings);
    return Claim::sure;
  }
  if (is_greeting(answered) && client.empty()) return findings.unfinished(), Claim::sure;
  return opening.midstream || client.empty() ? Claim::more : Claim::no;
}

/** Part of the preface has come. */
Claim judge_preface(Bytes client, Bytes server, Findings& findings) {
  if (client.size() < 16 && !is_greeting(read_frames(server))) return Claim::more;
  findings.unfinished();
  return Claim::sure;
}

Claim judge(Bytes client, Bytes server, const Opening& opening, Findings& findings) {
  const Claim greeting = begins(client, preface);
  if (greeting == Claim::no || client.empty()) return judge_frames(client, server, opening, findings);
  if (greeting != Claim::sure) return judge_preface(client, server, findings);
  const Frames asked = read_frames(client.subspan(preface.size())), answered = read_frames(server);
  if (answered.wrong) return Claim::no;
  note(client.subspan(preface.size()), server, findings);
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
