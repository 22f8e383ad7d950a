// quic: QUIC 1, 2 and their drafts (RFC 9000, RFC 9369), Google's versions: long headers whose version is
// known and whose lengths fit the datagram.
#include <cstdio>

#include "apps/sides.h"

namespace vmoat {
namespace {

constexpr uint16_t ports[] = {443, 8443};
constexpr uint32_t version_1 = 1, version_2 = 0x6b3343cf, draft_first = 0xff000016, draft_last = 0xff000022;
constexpr uint8_t id_bytes_max = 20;
enum Packet : uint8_t { initial, zero_rtt, handshake, retry };

bool is_google(uint32_t version) {  // "Q043" to "Q050", "T050", "T051"
  const uint32_t letter = version >> 24, zero = version >> 16 & 255, tens = version >> 8 & 255,
                 ones = version & 255;
  return (letter == 'Q' || letter == 'T') && zero == '0' && tens >= '2' && tens <= '5' && ones >= '0' &&
         ones <= '9';
}
bool is_version(uint32_t version) {
  return version == version_1 || version == version_2 || (version >= draft_first && version <= draft_last);
}

/** Variable-length integer (RFC 9000, 16). */
uint64_t take_varint(ByteReader& in) {
  const uint8_t first = in.u8();
  uint64_t value = first & 0x3f;
  for (int i = (1 << (first >> 6)) - 1; i > 0; i--) value = value << 8 | in.u8();
  return value;
}

void take_id(ByteReader& in) {
  const uint8_t length = in.u8();
  if (length > id_bytes_max) in.fail();
  in.skip(length);
}

/** Type in the order of version 1; version 2 turned them round (RFC 9369, 3.2). */
uint8_t packet_of(uint8_t first, uint32_t version) {
  const uint8_t type = first >> 4 & 3;
  return version == version_2 ? (type + 3) % 4 : type;
}

void note(uint32_t version, Findings& findings) {
  char text[12];
  int size = 0;
  if (version == version_1 || version == version_2)
    size = std::snprintf(text, sizeof text, "%d", version == version_1 ? 1 : 2);
  else if (is_version(version))
    size = std::snprintf(text, sizeof text, "draft-%u", version & 0xff);
  else
    size = std::snprintf(text, sizeof text, "%c%c%c%c", int(version >> 24), int(version >> 16 & 255),
                         int(version >> 8 & 255), int(version & 255));
  findings.fact(Fact::quic_version, {text, static_cast<size_t>(size)});
}

/** Version negotiation: version 0, then the server's versions, at least one of which is known. */
Claim read_negotiation(ByteReader in) {
  bool known = false;
  if (in.left() == 0 || in.left() % 4 != 0) return Claim::no;
  while (in.left() >= 4) {
    const uint32_t version = in.be32();
    known = known || is_version(version) || is_google(version);
  }
  return known ? Claim::sure : Claim::no;
}

/** What stands behind the connection ids must end within the datagram. */
Claim read_body(ByteReader in, uint8_t packet, bool cut) {
  if (packet == retry) return in.left() > 16 ? Claim::sure : Claim::no;
  if (packet == initial) in.skip(take_varint(in));
  const uint64_t length = take_varint(in);
  const bool fits = in.ok() && length >= 20 && (length <= in.left() || cut);
  return fits ? Claim::sure : Claim::no;
}

/** Google's old header: flags with version and a connection id of 8 bytes, then "Q0dd". */
Claim recognise_old(Bytes bytes, Findings& findings) {
  ByteReader in(bytes);
  const uint8_t flags = in.u8();
  in.skip(8);
  const uint32_t version = in.be32();
  if (!in.ok() || (flags & 0xc9) != 0x09 || !is_google(version)) return Claim::no;
  note(version, findings);
  return Claim::sure;
}

Claim recognise(const Opening& opening, Findings& findings) {
  const Bytes bytes = datagram(opening);
  if (bytes.size() < 9) return Claim::no;
  if (!(bytes[0] & 0x80)) return recognise_old(bytes, findings);
  ByteReader in(bytes);
  const uint8_t first = in.u8();
  const uint32_t version = in.be32();
  take_id(in);
  take_id(in);
  if (!in.ok()) return Claim::no;
  if (version == 0) return read_negotiation(in);
  const bool google = is_google(version);
  if (!google && !is_version(version)) return Claim::no;
  const uint8_t packet = packet_of(first, version);
  const Claim claim = google ? Claim::sure : read_body(in, packet, opening.cut);
  if (claim == Claim::sure) note(version, findings);
  return claim;
}

}  // namespace

extern const Application quic_application;
const Application quic_application{"quic", over_udp, ports, recognise};

}  // namespace vmoat
