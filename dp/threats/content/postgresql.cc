// The splitter of PostgreSQL (protocol 3, "Message Formats"): an ErrorResponse of SQLSTATE 28P01 or 28000 is
// a login that was refused.
#include <algorithm>

#include "threats/content/content.h"

namespace vmoat {
namespace {

constexpr uint32_t ssl_request = 80877103, gss_request = 80877104;

struct Memory {
  bool asked_to_encrypt = false;
};

/** Fields of one letter and a string each; C is the code, M the message. */
void read_error(Bytes body, ContentSink& sink) {
  std::string_view text = as_text(body), code, words;
  while (!text.empty() && text[0] != '\0') {
    const char field = text[0];
    const size_t end = text.find('\0');
    const std::string_view value = text.substr(1, end == text.npos ? text.npos : end - 1);
    if (field == 'C') code = value;
    if (field == 'M') words = value;
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
  }
  if (code == "28P01" || code == "28000")
    sink.login({.application = "postgresql", .reason = words.empty() ? code : words});
}

size_t split_client(const Content& content, ContentState& state) {
  ByteReader in(content.data);
  const uint32_t length = in.be32(), code = in.be32();
  if (!in.ok()) return 0;
  const bool asks = length == 8 && (code == ssl_request || code == gss_request);
  state.keep(Memory{asks});
  return asks ? 8 : content_done;
}

size_t split(const Content& content, ContentState& state, ContentSink& sink) {
  if (content.from_client) return split_client(content, state);
  size_t taken = 0;
  while (taken < content.data.size()) {
    ByteReader in(content.data.subspan(taken));
    const uint8_t type = in.u8();
    auto memory = state.as<Memory>();
    if (memory.asked_to_encrypt && (type == 'S' || type == 'G')) return content_done;  // and so it does
    if (memory.asked_to_encrypt) {
      state.keep(Memory{});
      if (type == 'N') {
        taken++;
        continue;
      }
    }
    const uint32_t length = in.be32();
    if (!in.ok()) break;
    if (length < 4 || length > 1 << 20) return content_done;
    const size_t wanted = type == 'E' || type == 'R' ? length - 4 : 0;
    if (in.left() < wanted && content.data.size() - taken < content_window_bytes && !content.cut) break;
    const Bytes body = in.bytes(std::min(wanted, in.left()));
    if (type == 'E') read_error(body, sink);
    if (type == 'Z' || (type == 'R' && ByteReader(body).be32() == 0)) return content_done;
    taken += size_t{1} + length;
  }
  return taken;
}

}  // namespace

extern const Splitter postgresql_splitter;
const Splitter postgresql_splitter{"postgresql", 64, 8192, split};

}  // namespace vmoat
