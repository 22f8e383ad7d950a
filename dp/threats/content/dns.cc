// The splitter of DNS (RFC 1035): a datagram, or two bytes of length and the message. Read loosely: a message
// whose header can be one is handed on with what is wrong behind it.
#include <algorithm>

#include "threats/content/content.h"

namespace vmoat {
namespace {

constexpr size_t header_bytes = 12;
constexpr size_t name_bytes_max = 255;  // on the wire, with its lengths and the root (RFC 1035, 3.1)
constexpr int pointers_max = 32;        // more than any server writes; each leads backwards
constexpr int records_max = 512;
constexpr uint16_t type_a = 1, type_cname = 5, type_null = 10, type_txt = 16, type_aaaa = 28;

struct Name {
  std::array<char, name_bytes_max + 1> text;
  size_t size = 0;

  void add(std::string_view label) {
    if (size > 0 && size < text.size()) text[size++] = '.';
    size += label.copy(text.data() + size, text.size() - size);
  }
};

/** Reads the name at `in` and leaves `in` behind it. Returns DnsFaults; the reader fails where bytes end. */
uint8_t read_name(Bytes message, ByteReader& in, Name* name) {
  ByteReader at = in;
  bool jumped = false;
  size_t wire_bytes = 0;
  size_t lowest = SIZE_MAX;  // a pointer must lead before everything read so far
  for (int pointers = 0;;) {
    const size_t here = at.offset();
    const uint8_t length = at.u8();
    if (!at.ok()) return in.fail(), 0;
    if ((length & 0xc0) == 0xc0) {
      const size_t target = static_cast<size_t>(length & 0x3f) << 8 | at.u8();
      if (!at.ok()) return in.fail(), 0;
      if (!jumped) in = at;
      jumped = true;
      lowest = std::min(lowest, here);
      if (target >= lowest || ++pointers > pointers_max) return dns_pointer_loop;
      lowest = target;
      if (target >= message.size()) return dns_pointer_loop;
      at = ByteReader(message);
      at.skip(target);
      continue;
    }
    if (length > 63) return in.fail(), dns_label_invalid;
    wire_bytes += size_t{length} + 1;
    if (wire_bytes > name_bytes_max) return in.fail(), dns_name_too_long;
    if (length == 0) break;
    const std::string_view label = at.text(length);
    if (!at.ok()) return in.fail(), 0;
    if (name != nullptr) name->add(label);
  }
  if (!jumped) in = at;
  return 0;
}

/** Lengths that a type has by its definition. */
bool length_fits(uint16_t type, uint16_t length) {
  if (length == 0) return true;  // an update's deletion (RFC 2136, 2.5.2)
  if (type == type_a) return length == 4;
  if (type == type_aaaa) return length == 16;
  return true;
}

/** One resource record; false where the walk must end. */
bool read_record(Bytes whole, ByteReader& in, bool answer, bool cut, DnsMessage& message) {
  message.faults |= read_name(whole, in, nullptr);
  const uint16_t type = in.be16(), record_class = in.be16();
  in.be32();
  const uint16_t length = in.be16();
  if (!in.ok()) return false;
  if (length > in.left()) {
    if (!cut) message.faults |= dns_record_overrun;
    return false;
  }
  if (record_class == 1 && !length_fits(type, length)) message.faults |= dns_data_mismatch;
  if (type == type_null) message.null_record = true;
  if (answer && (type == type_txt || type == type_null || type == type_cname)) message.text_bytes += length;
  in.skip(length);
  return true;
}

/** Whether the header can be DNS's: port 53 alone proves nothing. */
bool plausible(uint16_t flags, uint16_t questions, uint32_t records, size_t size) {
  const int opcode = flags >> 11 & 15;
  if (opcode == 3 || opcode > 6 || (flags & 0x40) != 0) return false;
  const bool response = (flags & 0x8000) != 0;
  if (!response && opcode == 0 && ((flags & 15) != 0 || questions == 0)) return false;
  if (questions > 8 || questions + records == 0) return false;
  return size >= header_bytes + 5 * questions;
}

void read_message(Bytes bytes, size_t whole_bytes, const Content& content, ContentSink& sink) {
  ByteReader in(bytes);
  in.be16();
  const uint16_t flags = in.be16();
  const uint16_t questions = in.be16(), answers = in.be16();
  const uint32_t records = uint32_t{answers} + in.be16() + in.be16();
  if (!in.ok() || !plausible(flags, questions, records, bytes.size())) return;
  const bool cut = bytes.size() < whole_bytes || content.cut;
  DnsMessage message{.response = (flags & 0x8000) != 0,
                     .from_client = content.from_client,
                     .over_tcp = content.transport == over_tcp,
                     .opcode = static_cast<uint8_t>(flags >> 11 & 15),
                     .rcode = static_cast<uint8_t>(flags & 15),
                     .questions = questions,
                     .answers = answers,
                     .bytes = static_cast<uint32_t>(whole_bytes)};
  Name name;
  for (int i = 0; i < questions; i++) {
    message.faults |= read_name(bytes, in, i == 0 ? &name : nullptr);
    const uint16_t type = in.be16(), question_class = in.be16();
    if (!in.ok()) break;
    if (i == 0) message.type = type;
    if (type == type_null && question_class == 1) message.null_record = true;
  }
  for (uint32_t i = 0; in.ok() && message.faults == 0 && i < std::min<uint32_t>(records, records_max); i++)
    if (!read_record(bytes, in, message.response && i < answers, cut, message)) break;
  message.name = {name.text.data(), name.size};
  sink.dns(message);
}

size_t split_stream(const Content& content, ContentSink& sink) {
  size_t taken = 0;
  for (Bytes rest = content.data;;) {
    ByteReader in(rest);
    const uint16_t length = in.be16();
    if (!in.ok()) return taken;
    if (length < header_bytes) return content_done;
    const bool must_take = content.cut || rest.size() >= content_window_bytes;
    if (in.left() < length && !must_take) return taken;
    const Bytes message = in.bytes(std::min<size_t>(length, in.left()));
    read_message(message, length, content, sink);
    taken += 2 + size_t{length};
    if (message.size() < length) return taken;
    rest = in.rest();
  }
}

size_t split(const Content& content, ContentState&, ContentSink& sink) {
  if (content.transport == over_tcp) return split_stream(content, sink);
  read_message(content.data, content.data.size(), content, sink);
  return content.data.size();
}

}  // namespace

extern const Splitter dns_splitter;
const Splitter dns_splitter{"dns", 65536, 65536, split};

}  // namespace vmoat
