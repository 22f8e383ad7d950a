// The splitter of MySQL and MariaDB: an ERR packet of 1045 or 1698 is a login that was refused.
#include <algorithm>

#include "threats/content/content.h"

namespace vmoat {
namespace {

constexpr size_t header_bytes = 4;
constexpr uint16_t access_denied = 1045, access_denied_no_password = 1698;
constexpr uint32_t switch_to_tls = 0x800, request_bytes = 32;

struct Memory {
  bool tls = false;
};

/** Code, "#" and five characters of state (protocol 4.1), text. Returns false where the login has succeeded.
 */
bool read_answer(Bytes packet, uint8_t sequence, ContentSink& sink) {
  ByteReader in(packet);
  const uint8_t kind = in.u8();
  if (kind == 0xff) {
    const uint16_t code = in.le16();
    std::string_view text = as_text(in.rest());
    if (text.starts_with('#')) text.remove_prefix(std::min<size_t>(6, text.size()));
    if (in.ok() && (code == access_denied || code == access_denied_no_password))
      sink.login({.application = "mysql", .reason = text.substr(0, 200)});
    return true;
  }
  return kind != 0 || sequence < 2;
}

size_t split(const Content& content, ContentState& state, ContentSink& sink) {
  auto memory = state.as<Memory>();
  if (memory.tls) return content_done;
  size_t taken = 0;
  while (taken < content.data.size()) {
    ByteReader in(content.data.subspan(taken));
    const uint32_t length = in.le24();
    const uint8_t sequence = in.u8();
    if (!in.ok()) break;
    if (in.left() < length && content.data.size() - taken < content_window_bytes && !content.cut) break;
    const Bytes packet = in.bytes(std::min<size_t>(length, in.left()));
    if (content.from_client) {
      memory.tls =
          length == request_bytes && sequence == 1 && (ByteReader(packet).le32() & switch_to_tls) != 0;
      state.keep(memory);
      return content_done;
    }
    if (!read_answer(packet, sequence, sink)) return content_done;
    taken += header_bytes + length;
  }
  return taken;
}

}  // namespace

extern const Splitter mysql_splitter;
const Splitter mysql_splitter{"mysql", 4096, 8192, split};

}  // namespace vmoat
