// The splitter of MongoDB (wire protocol, OP_MSG and OP_REPLY): an answer with code 18 is a login that was
// refused.
#include "apps/text.h"
#include "threats/content/content.h"

namespace vmoat {
namespace {

constexpr size_t header_bytes = 16;
constexpr uint32_t op_reply = 1, op_msg = 2013;
constexpr int32_t authentication_failed = 18;
constexpr int elements_max = 64;

/** Bytes of a BSON value of this type, with what they count themselves; -1 for a type not met here. */
int64_t value_bytes(uint8_t type, ByteReader in) {
  switch (type) {
    case 0x01:
    case 0x09:
    case 0x11:
    case 0x12:
      return 8;
    case 0x02:
      return int64_t{4} + in.le32();
    case 0x03:
    case 0x04:
      return in.le32();
    case 0x05:
      return int64_t{5} + in.le32();
    case 0x07:
      return 12;
    case 0x08:
      return 1;
    case 0x0a:
      return 0;
    case 0x10:
      return 4;
    default:
      return -1;
  }
}

/** The top level of a BSON document: an int32 "code" of 18 beside whatever else. */
bool is_refusal(Bytes document) {
  ByteReader in(document);
  in.le32();
  for (int i = 0; i < elements_max && in.left() > 0; i++) {
    const uint8_t type = in.u8();
    const std::string_view rest = as_text(in.rest());
    const std::string_view name = rest.substr(0, rest.find('\0'));
    in.skip(name.size() + 1);
    if (!in.ok() || type == 0) return false;
    if (name == "code" && type == 0x10)
      return static_cast<int32_t>(in.le32()) == authentication_failed && in.ok();
    const int64_t size = value_bytes(type, in);
    if (size < 0 || static_cast<uint64_t>(size) > in.left()) return false;
    in.skip(static_cast<size_t>(size));
  }
  return false;
}

size_t split(const Content& content, ContentState&, ContentSink& sink) {
  size_t taken = 0;
  while (taken < content.data.size()) {
    ByteReader in(content.data.subspan(taken));
    const uint32_t length = in.le32();
    in.skip(8);
    const uint32_t operation = in.le32();
    if (!in.ok()) break;
    if (length < header_bytes || length > 48'000'000) return content_done;
    const size_t body = length - header_bytes;
    if (in.left() < body && content.data.size() - taken < content_window_bytes && !content.cut) break;
    if (operation == op_msg) in.skip(5);
    if (operation == op_reply) in.skip(20);
    if ((operation == op_msg || operation == op_reply) && is_refusal(in.rest()))
      sink.login({.application = "mongodb", .reason = "AuthenticationFailed"});
    taken += length;
  }
  return taken;
}

}  // namespace

extern const Splitter mongodb_splitter;
const Splitter mongodb_splitter{"mongodb", 0, 8192, split};

}  // namespace vmoat
