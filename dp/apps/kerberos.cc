// kerberos: Kerberos 5 over UDP and TCP (RFC 4120): a message whose version 5 and type agree with its tag.
#include "apps/ber.h"
#include "apps/sides.h"

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

bool asks(Bytes bytes, bool stream) {
  const size_t at = stream ? 4 : 0;
  return bytes.size() > at && (bytes[at] == as_request || bytes[at] == tgs_request);
}

Claim judge(Bytes client, Bytes server, const Opening& opening, Findings&) {
  const bool stream = opening.transport == over_tcp;
  const auto read = [&](Bytes bytes) {
    return stream ? read_stream(bytes, opening.cut) : read_message(bytes, true);
  };
  const Claim asked = client.empty() ? Claim::more : read(client),
              answered = server.empty() ? Claim::more : read(server);
  if (asked == Claim::no || answered == Claim::no) return Claim::no;
  const bool wrong_side =
      (asked == Claim::sure && !asks(client, stream)) || (answered == Claim::sure && asks(server, stream));
  return wrong_side ? Claim::no : std::max(asked, answered);
}

Claim recognise(const Opening& opening, Findings& findings) {
  return either_way(opening, findings, judge);
}

}  // namespace

extern const Application kerberos_application;
const Application kerberos_application{"kerberos", over_tcp | over_udp, ports, recognise};

}  // namespace vmoat
