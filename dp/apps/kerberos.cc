// kerberos: Kerberos 5 over UDP and TCP (RFC 4120): a message whose version 5 and type agree with its tag.
#include <array>

#include "apps/ber.h"
#include "apps/sides.h"
#include "apps/text.h"

namespace vmoat {
namespace {

constexpr uint16_t ports[] = {88};
constexpr uint32_t message_bytes_max = 1 << 20;
enum Tag : uint8_t { as_request = 0x6a, as_reply = 0x6b, tgs_request = 0x6c, tgs_reply = 0x6d, error = 0x7e };

/** [n] INTEGER at the front, or -1. */
int64_t take_field(ByteReader& in, uint8_t tag) {
  const BerItem field = take_ber(in);
  if (!in.ok() || field.tag != tag) return -1;
  ByteReader body(field.body);
  return take_ber_number(body);
}

/** Requests carry pvno in [1] and msg-type in [2], replies and errors in [0] and [1]. */
Claim read_message(Bytes bytes, bool whole) {
  if (bytes.empty()) return Claim::more;
  const uint8_t tag = bytes[0];
  const bool request = tag == as_request || tag == tgs_request;
  if (!request && tag != as_reply && tag != tgs_reply && tag != error) return Claim::no;
  ByteReader in(bytes);
  const BerItem outer = take_ber(in);
  ByteReader body(outer.body);
  const BerItem sequence = take_ber(body);
  ByteReader fields(sequence.body);
  const int64_t version = take_field(fields, request ? 0xa1 : 0xa0);
  const int64_t type = take_field(fields, request ? 0xa2 : 0xa1);
  if (version == 5 && type == (tag & 0x1f) && sequence.tag == ber_sequence) return Claim::sure;
  return whole || bytes.size() > 32 ? Claim::no : Claim::more;
}

/** TCP: four bytes of length before the message (RFC 4120, 7.2.2). */
Claim read_stream(Bytes bytes, bool cut) {
  ByteReader in(bytes);
  const uint32_t length = in.be32();
  if (!bytes.empty() && bytes[0] != 0) return Claim::no;
  if (!in.ok()) return Claim::more;
  if (length < 16 || length > message_bytes_max) return Claim::no;
  return read_message(in.rest().first(std::min<size_t>(in.left(), length)), cut);
}

/** The text of a principal: `service/host`, then `@REALM`. */
class Principal {
 public:
  void add(std::string_view part, char before) {
    if (part.empty() || !is_text(part) || used_ + 1 + part.size() > text_.size()) return;
    if (used_ > 0) text_[used_++] = before;
    used_ += part.copy(&text_[used_], part.size());
  }
  /** PrincipalName: type [0], then its parts [1] (RFC 4120, 5.2.2). */
  void add_name(Bytes field) {
    ByteReader outer(field);
    ByteReader name(take_ber(outer).body);
    take_ber(name);
    ByteReader strings(take_ber(name).body);
    ByteReader in(take_ber(strings).body);
    for (int i = 0; i < 8 && in.left() > 0; i++) add(as_text(take_ber(in).body), '/');
  }
  [[nodiscard]] std::string_view view() const { return {text_.data(), used_}; }

 private:
  std::array<char, 255> text_;
  size_t used_ = 0;
};

/** KDC-REQ-BODY (RFC 4120, 5.4.1): who asks [1], realm [2], for what [3]. */
void note_request(Bytes message, Findings& findings) {
  ByteReader in(message);
  ByteReader outer(take_ber(in).body);
  ByteReader fields(take_ber(outer).body);
  BerItem field;
  while (fields.left() > 0 && field.tag != 0xa4) field = take_ber(fields);
  if (field.tag != 0xa4) return;
  ByteReader wrapped(field.body);
  ByteReader body(take_ber(wrapped).body);
  Principal client, service;
  for (int i = 0; i < 4 && body.left() > 0; i++) {
    const BerItem part = take_ber(body);
    ByteReader inner(part.body);
    if (part.tag == 0xa1) client.add_name(part.body);
    if (part.tag == 0xa2 && !client.view().empty()) client.add(as_text(take_ber(inner).body), '@');
    if (part.tag == 0xa3) service.add_name(part.body);
  }
  if (!client.view().empty()) findings.fact(Fact::kerberos_principal, client.view());
  if (!service.view().empty()) findings.fact(Fact::kerberos_service, service.view());
}

bool asks(Bytes bytes, bool stream) {
  const size_t at = stream ? 4 : 0;
  return bytes.size() > at && (bytes[at] == as_request || bytes[at] == tgs_request);
}

Claim judge(Bytes client, Bytes server, const Opening& opening, Findings& findings) {
  const bool stream = opening.transport == over_tcp;
  const auto read = [&](Bytes bytes) {
    return stream ? read_stream(bytes, opening.cut) : read_message(bytes, true);
  };
  const Claim asked = client.empty() ? Claim::more : read(client),
              answered = server.empty() ? Claim::more : read(server);
  if (asked == Claim::no || answered == Claim::no) return Claim::no;
  const bool wrong_side =
      (asked == Claim::sure && !asks(client, stream)) || (answered == Claim::sure && asks(server, stream));
  if (wrong_side) return Claim::no;
  if (asked == Claim::sure) note_request(client.subspan(stream ? 4 : 0), findings);
  return std::max(asked, answered);
}

Claim recognise(const Opening& opening, Findings& findings) {
  return either_way(opening, findings, judge);
}

}  // namespace

extern const Application kerberos_application;
const Application kerberos_application{"kerberos", over_tcp | over_udp, ports, recognise};

}  // namespace vmoat
