// quic: QUIC 1, 2 and their drafts (RFC 9000, RFC 9369), Google's and Meta's versions: long headers whose
// version is known and whose lengths fit the datagram. The client's hello is read from its Initial packets,
// whose keys anybody on the way can derive; its ALPN names the inner layer.
#include <array>
#include <bitset>
#include <cstdio>

#include "apps/crypto.h"
#include "apps/sides.h"
#include "apps/tls_hello.h"

namespace vmoat {
namespace {

constexpr uint16_t ports[] = {443, 8443};
constexpr uint32_t version_1 = 1, version_2 = 0x6b3343cf, version_2_draft = 0x709a50c4;
constexpr uint32_t draft_first = 0xff000016, draft_last = 0xff000022;
constexpr size_t client_datagram_min = 1200;  // that opens a connection (RFC 9000, 14.1)
constexpr uint8_t id_bytes_max = 20;
enum Packet : uint8_t { initial, zero_rtt, handshake, retry };

bool is_google(uint32_t version) {  // "Q043" to "Q050", "T050", "T051"
  const uint32_t letter = version >> 24, zero = version >> 16 & 255, tens = version >> 8 & 255,
                 ones = version & 255;
  return (letter == 'Q' || letter == 'T') && zero == '0' && tens >= '2' && tens <= '5' && ones >= '0' &&
         ones <= '9';
}
bool is_version_2(uint32_t version) {
  return version == version_2 || version == version_2_draft;
}
bool is_draft(uint32_t version) {
  return version >= draft_first && version <= draft_last;
}
bool is_meta(uint32_t version) {  // mvfst, Meta's library, counts its own versions
  return version >> 8 == 0xfaceb0;
}
/** No version at all: a client says it to see whether versions are negotiated (RFC 9000, 15). */
bool is_reserved(uint32_t version) {
  return (version & 0x0f0f0f0f) == 0x0a0a0a0a;
}
bool is_version(uint32_t version) {
  return version == version_1 || is_version_2(version) || is_draft(version) || is_meta(version);
}

/** Variable-length integer (RFC 9000, 16). */
uint64_t take_varint(ByteReader& in) {
  const uint8_t first = in.u8();
  uint64_t value = first & 0x3f;
  for (int i = (1 << (first >> 6)) - 1; i > 0; i--) value = value << 8 | in.u8();
  return value;
}

Bytes take_id(ByteReader& in) {
  const uint8_t length = in.u8();
  if (length > id_bytes_max) in.fail();
  return in.bytes(length);
}

/** Type in the order of version 1; version 2 turned them round (RFC 9369, 3.2). */
uint8_t packet_of(uint8_t first, uint32_t version) {
  const uint8_t type = first >> 4 & 3;
  return is_version_2(version) ? (type + 3) % 4 : type;
}

void note(uint32_t version, Findings& findings) {
  char text[12];
  int size = 0;
  if (version == version_1 || version == version_2)
    size = std::snprintf(text, sizeof text, "%d", version == version_1 ? 1 : 2);
  else if (version == version_2_draft)
    size = std::snprintf(text, sizeof text, "2-draft");
  else if (is_draft(version))
    size = std::snprintf(text, sizeof text, "draft-%u", version & 0xff);
  else if (is_meta(version))
    size = std::snprintf(text, sizeof text, "mvfst-%02x", version & 0xff);
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

/** How a version makes the keys of its Initial packets. */
using Salt = std::array<uint8_t, 20>;
struct Scheme {
  uint32_t first, last;  // versions
  const Salt& salt;
  std::string_view label;
};
constexpr Salt salt_1 = {0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17,
                         0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc, 0xbb, 0x7f, 0x0a};
constexpr Salt salt_2 = {0x0d, 0xed, 0xe3, 0xde, 0xf7, 0x00, 0xa6, 0xdb, 0x81, 0x93,
                         0x81, 0xbe, 0x6e, 0x26, 0x9d, 0xcb, 0xf9, 0xbd, 0x2e, 0xd9};
constexpr Salt salt_2_draft = {0xa7, 0x07, 0xc2, 0x03, 0xa5, 0x9b, 0x47, 0x18, 0x4a, 0x1d,
                               0x62, 0xca, 0x57, 0x04, 0x06, 0xea, 0x7a, 0xe3, 0xe5, 0xd3};
constexpr Salt salt_draft_29 = {0xaf, 0xbf, 0xec, 0x28, 0x99, 0x93, 0xd2, 0x4c, 0x9e, 0x97,
                                0x86, 0xf1, 0x9c, 0x61, 0x11, 0xe0, 0x43, 0x90, 0xa8, 0x99};
constexpr Salt salt_draft_23 = {0xc3, 0xee, 0xf7, 0x12, 0xc7, 0x2e, 0xbb, 0x5a, 0x11, 0xa7,
                                0xd2, 0x43, 0x2b, 0xb4, 0x63, 0x65, 0xbe, 0xf9, 0xf5, 0x02};
constexpr Salt salt_draft_21 = {0x7f, 0xbc, 0xdb, 0x0e, 0x7c, 0x66, 0xbb, 0xe9, 0x19, 0x3a,
                                0x96, 0xcd, 0x21, 0x51, 0x9e, 0xbd, 0x7a, 0x02, 0x64, 0x4a};
constexpr Scheme schemes[] = {
    {version_1, version_1, salt_1, "quic"},                      // RFC 9001, 5.2
    {version_2, version_2, salt_2, "quicv2"},                    // RFC 9369, 3.3
    {version_2_draft, version_2_draft, salt_2_draft, "quicv2"},  // draft-ietf-quic-v2-00 to -04
    {0xff000021, draft_last, salt_1, "quic"},                    // draft-ietf-quic-tls-33 and -34
    {0xff00001d, 0xff000020, salt_draft_29, "quic"},             // draft-29 to -32
    {0xff000017, 0xff00001c, salt_draft_23, "quic"},             // draft-23 to -28
    {draft_first, draft_first, salt_draft_21, "quic"},           // draft-22
    {0xfaceb001, 0xfaceb001, salt_draft_21, "quic"},             // mvfst of draft-22
    {0xfaceb002, 0xfaceb002, salt_draft_23, "quic"},             // mvfst of draft-27
    {0xfaceb00e, 0xfaceb00e, salt_draft_23, "quic"},             // its experiments
};

const Scheme* scheme_of(uint32_t version) {
  for (const Scheme& scheme : schemes)
    if (version >= scheme.first && version <= scheme.last) return &scheme;
  return nullptr;
}

/**
 * What the client's CRYPTO frames have said so far, in any order and from any number of datagrams. Kept as
 * the id that made the keys, then runs of {u16 offset, u16 length, bytes}.
 */
class Assembly {
 public:
  explicit Assembly(Bytes kept) {
    ByteReader in(kept);
    const uint8_t size = in.u8();
    const size_t id_bytes = std::min<size_t>(size, id_bytes_max);
    set_id(in.bytes(id_bytes));
    in.skip(id_bytes_max - id_bytes);
    while (in.left() >= 4) {
      const uint16_t offset = in.be16();
      const Bytes data = in.bytes(in.be16());
      if (in.ok()) add(offset, data);
    }
  }

  [[nodiscard]] Bytes id() const { return {kept_.data() + 1, kept_[0]}; }
  /** The keys of all that follows are made of this id: the first one, or a new one after a Retry. */
  void set_id(Bytes id) {
    used_ = 1 + id_bytes_max;
    std::fill_n(kept_.begin(), used_, uint8_t{0});
    kept_[0] = static_cast<uint8_t>(id.size());
    std::copy(id.begin(), id.end(), kept_.begin() + 1);
    covered_.reset();
  }
  void add(uint64_t offset, Bytes data) {
    if (offset >= stream_.size()) return;
    data = data.first(std::min<size_t>(data.size(), stream_.size() - offset));
    if (data.empty() || used_ + 4 + data.size() > kept_.size()) return;
    for (size_t i = 0; i < data.size(); i++) covered_.set(offset + i);
    std::copy(data.begin(), data.end(), stream_.begin() + static_cast<ptrdiff_t>(offset));
    for (uint16_t value : {static_cast<uint16_t>(offset), static_cast<uint16_t>(data.size())}) {
      kept_[used_++] = static_cast<uint8_t>(value >> 8);
      kept_[used_++] = static_cast<uint8_t>(value);
    }
    std::copy(data.begin(), data.end(), kept_.begin() + static_cast<ptrdiff_t>(used_));
    used_ += data.size();
  }
  /** The stream from its start to the first hole. */
  [[nodiscard]] Bytes stream() const {
    size_t size = 0;
    while (size < stream_.size() && covered_.test(size)) size++;
    return {stream_.data(), size};
  }
  [[nodiscard]] Bytes kept() const { return {kept_.data(), used_}; }

 private:
  std::array<uint8_t, kept_bytes_max> kept_;
  std::array<uint8_t, kept_bytes_max> stream_;
  std::bitset<kept_bytes_max> covered_;
  size_t used_ = 0;
};

/** Frames that may stand in an Initial packet (RFC 9000, 12.4); CRYPTO is kept. */
void read_frames(Bytes plain, Assembly& assembly) {
  enum Frame : uint8_t { padding, ping, ack, ack_ecn, crypto = 6 };
  ByteReader in(plain);
  while (in.left() > 0) {
    const uint8_t type = in.u8();
    if (type == padding || type == ping) continue;
    if (type == crypto) {
      const uint64_t offset = take_varint(in);
      const Bytes data = in.bytes(take_varint(in));
      if (in.ok()) assembly.add(offset, data);
    } else if (type == ack || type == ack_ecn) {
      take_varint(in);
      take_varint(in);
      uint64_t ranges = take_varint(in);
      take_varint(in);
      for (; ranges > 0 && in.ok(); ranges--) {
        take_varint(in);
        take_varint(in);
      }
      for (int i = 0; type == ack_ecn && i < 3; i++) take_varint(in);
    } else {
      return;
    }
  }
}

/** Where one packet of a datagram stands. */
struct Initial {
  Bytes bytes;  // from its first byte to its end
  size_t number_at = 0;
  Bytes id;
};

/** Takes off header protection and the seal (RFC 9001, 5.3 and 5.4). */
bool open(const Initial& packet, const Scheme& scheme, Bytes id, Assembly& assembly) {
  constexpr size_t sample_bytes = 16, sample_after = 4;
  if (packet.bytes.size() < packet.number_at + sample_after + sample_bytes) return false;
  const QuicKeys keys = quic_client_keys(scheme.salt, id, scheme.label);
  const auto mask = quic_mask(keys, packet.bytes.subspan(packet.number_at + sample_after, sample_bytes));
  std::array<uint8_t, 1024> header;
  const uint8_t first = packet.bytes[0] ^ (mask[0] & 0x0f);
  const size_t number_bytes = (first & 3u) + 1, header_bytes = packet.number_at + number_bytes;
  if (header_bytes > header.size()) return false;  // a token longer than any server makes
  std::copy_n(packet.bytes.begin(), header_bytes, header.begin());
  header[0] = first;
  uint64_t number = 0;
  for (size_t i = 0; i < number_bytes; i++) {
    header[packet.number_at + i] ^= mask[1 + i];
    number = number << 8 | header[packet.number_at + i];
  }
  std::array<uint8_t, opening_bytes_max> plain;
  const Bytes body = packet.bytes.subspan(header_bytes);
  if (!quic_open(keys, number, {header.data(), header_bytes}, body, plain.data())) return false;
  if (!std::ranges::equal(assembly.id(), id)) assembly.set_id(id);
  read_frames({plain.data(), body.size() - 16}, assembly);
  return true;
}

/** The next packet with a long header; false when there is none or it does not end within the datagram. */
bool take_packet(ByteReader& in, uint32_t version, Initial& packet, bool& is_initial) {
  const Bytes bytes = in.rest();
  ByteReader head(bytes);
  const uint8_t first = head.u8();
  if ((first & 0x80) == 0 || head.be32() != version) return false;
  packet.id = take_id(head);
  take_id(head);
  is_initial = packet_of(first, version) == initial;
  if (is_initial) head.skip(take_varint(head));
  const uint64_t length = take_varint(head);
  if (!head.ok() || length > head.left() || packet_of(first, version) == retry) return false;
  packet.number_at = head.offset();
  packet.bytes = bytes.first(head.offset() + length);
  in.skip(packet.bytes.size());
  return true;
}

/** Opens the client's Initial packets of a datagram; true when one of them was its. */
bool read_initials(Bytes bytes, uint32_t version, Assembly& assembly) {
  const Scheme* const scheme = scheme_of(version);
  if (scheme == nullptr) return false;
  constexpr int packets_max = 4;  // that are coalesced
  bool any = false, is_initial = false;
  ByteReader in(bytes);
  Initial packet;
  for (int i = 0; i < packets_max && take_packet(in, version, packet, is_initial); i++) {
    if (!is_initial) continue;
    const bool known = !assembly.id().empty() && open(packet, *scheme, assembly.id(), assembly);
    any = known || open(packet, *scheme, packet.id, assembly) || any;
  }
  return any;
}

/** True when the hello is all there. */
bool note_hello(Bytes stream, Findings& findings) {
  ByteReader in(stream);
  const uint8_t type = in.u8();
  const uint32_t length = in.be24();
  if (!in.ok() || type != tls_client_hello) return false;
  const bool whole = in.left() >= length;
  ClientHello hello;
  if (!read_client_hello(in.rest().first(std::min<size_t>(in.left(), length)), hello)) return true;
  note_client_hello(hello, whole, 'q', findings);
  if (const auto layer = layer_of_alpn(hello.alpn); !layer.empty()) findings.layer(layer);
  return whole;
}

/** The hello may come in several datagrams; until it is whole, what is there is kept. */
void read_hello(Bytes bytes, uint32_t version, const Opening& opening, Findings& findings) {
  const bool by_server = from_server(opening);
  const bool known = !(by_server ? opening.client_kept : opening.server_kept).empty();
  if (known) return findings.unfinished();  // the other side is the client
  Assembly assembly(by_server ? opening.server_kept : opening.client_kept);
  if (read_initials(bytes, version, assembly)) {
    if (by_server) findings.ends_swapped();
    if (note_hello(assembly.stream(), findings)) return;
    findings.keep(assembly.kept());
  }
  findings.unfinished();
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
  if (is_reserved(version) && bytes.size() < client_datagram_min) return Claim::no;
  if (!google && !is_version(version) && !is_reserved(version)) return Claim::no;
  const uint8_t packet = packet_of(first, version);
  const Claim claim = google ? Claim::sure : read_body(in, packet, opening.cut);
  if (claim != Claim::sure || is_reserved(version)) return claim;
  note(version, findings);
  if (!google) read_hello(bytes, version, opening, findings);
  return claim;
}

}  // namespace

extern const Application quic_application;
const Application quic_application{"quic", over_udp, ports, recognise};

}  // namespace vmoat
