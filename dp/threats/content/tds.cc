// The splitter of TDS (MS-TDS 2.2.7, TDS 5): the errors 18456 of SQL Server and 4002 of Sybase say that a
// login was refused.
#include <algorithm>

#include "threats/content/content.h"

namespace vmoat {
namespace {

constexpr size_t header_bytes = 8;
constexpr uint32_t login_failed = 18456, login_failed_sybase = 4002;
enum Token : uint8_t {
  error = 0xaa,
  info = 0xab,
  login_ack = 0xad,
  environment = 0xe3,
  extended_error = 0xe5,
  sspi = 0xed
};

/** Walks the tokens of one answer, each with its length; false once the login has succeeded. */
bool read_tokens(Bytes body, ContentSink& sink) {
  ByteReader in(body);
  while (in.left() > 0) {
    const uint8_t token = in.u8();
    if (token == login_ack) return false;
    if (token != error && token != info && token != environment && token != extended_error && token != sspi)
      return true;
    const uint16_t length = in.le16();
    ByteReader data(in.bytes(std::min<size_t>(length, in.left())));
    const uint32_t number = data.le32();
    const bool refused = (token == error && number == login_failed) ||
                         ((token == extended_error || token == error) && number == login_failed_sybase);
    if (data.ok() && refused)
      sink.login({.application = "tds",
                  .reason = number == login_failed ? "18456 Login failed" : "4002 Login failed"});
  }
  return true;
}

size_t split(const Content& content, ContentState&, ContentSink& sink) {
  size_t taken = 0;
  while (taken < content.data.size()) {
    ByteReader in(content.data.subspan(taken));
    const uint8_t type = in.u8();
    in.u8();
    const uint16_t length = in.be16();
    in.be32();
    if (!in.ok()) break;
    if (length < header_bytes || type > 0x17) return content_done;
    const size_t body = length - header_bytes;
    if (in.left() < body && content.data.size() - taken < content_window_bytes && !content.cut) break;
    if (type == 4 && !read_tokens(in.bytes(std::min(body, in.left())), sink)) return content_done;
    taken += length;
  }
  return taken;
}

}  // namespace

extern const Splitter tds_splitter;
const Splitter tds_splitter{"tds", 0, 16384, split};

}  // namespace vmoat
