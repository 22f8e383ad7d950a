// The splitter of TLS (RFC 8446, RFC 5246; SSL 3 RFC 6101): record headers with their first bytes. What
// follows the first encrypted application data in both directions is nobody's concern.
#include <algorithm>

#include "threats/content/content.h"

namespace vmoat {
namespace {

constexpr size_t header_bytes = 5, body_bytes_max = 256;
constexpr size_t record_bytes_max = 16384 + 2048;
constexpr uint8_t application_records_max = 8;
enum Type : uint8_t { change_cipher = 20, application_data = 23, heartbeat = 24 };

struct Way {
  uint16_t heartbeat = 0;  // length of the last heartbeat record
  uint8_t application = 0;
  bool encrypted = false;
  bool begun = false;
};
struct Memory {
  Way way[2];
};

/** SSL 2 (and the hello of clients that still offer it): two bytes of length, type 1 or 4. */
bool is_ssl2_hello(Bytes bytes) {
  return bytes.size() >= 5 && (bytes[0] & 0x80) != 0 && (bytes[2] == 1 || bytes[2] == 4);
}

/** A server that answers so has chosen SSL 2; a client's hello may only offer more. */
size_t read_ssl2(const Content& content, ContentSink& sink) {
  const bool server_hello = !content.from_client && content.data[2] == 4;
  const uint16_t length = static_cast<uint16_t>((content.data[0] & 0x7f) << 8 | content.data[1]);
  const Bytes body =
      content.data.subspan(2, std::min({content.data.size() - 2, size_t{length}, body_bytes_max}));
  if (server_hello) {
    sink.tls({.from_client = false, .type = 4, .version = 2, .length = length, .body = body});
    return content_done;
  }
  return 2 + size_t{length};
}

size_t split(const Content& content, ContentState& state, ContentSink& sink) {
  auto memory = state.as<Memory>();
  Way& way = memory.way[content.from_client ? 0 : 1];
  const Way& peer = memory.way[content.from_client ? 1 : 0];
  size_t taken = 0;
  while (taken < content.data.size()) {
    const Bytes rest = content.data.subspan(taken);
    if (!way.begun && rest.size() < header_bytes && !content.cut) break;
    if (!way.begun && is_ssl2_hello(rest)) {
      way.begun = true;
      state.keep(memory);
      Content first = content;
      first.data = rest;
      return read_ssl2(first, sink);
    }
    ByteReader in(rest);
    TlsRecord record{.from_client = content.from_client,
                     .encrypted = way.encrypted,
                     .type = in.u8(),
                     .version = in.be16(),
                     .length = in.be16(),
                     .heartbeat_asked = peer.heartbeat};
    if (!in.ok()) break;
    const bool possible =
        record.type >= change_cipher && record.type <= heartbeat + 1 && record.version >> 8 == 3;
    if (!possible || record.length > record_bytes_max) return content_done;
    const size_t wanted = std::min<size_t>(record.length, body_bytes_max);
    if (in.left() < wanted && !content.cut) break;
    way.begun = true;
    record.body = in.bytes(std::min(wanted, in.left()));
    sink.tls(record);
    if (record.type == heartbeat) way.heartbeat = record.length;
    if (record.type == change_cipher) way.encrypted = true;
    if (record.type == application_data && ++way.application >= application_records_max) return content_done;
    taken += header_bytes + record.length;
  }
  state.keep(memory);
  return taken;
}

}  // namespace

extern const Splitter tls_splitter;
const Splitter tls_splitter{"tls", 32768, 32768, split};

}  // namespace vmoat
