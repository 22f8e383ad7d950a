// GTP-U version 1 (3GPP TS 29.281): G-PDUs hold an IP packet, everything else is signalling.
#include "base/endian.h"
#include "parse/headers.h"

namespace vmoat {

namespace {

constexpr uint8_t message_pdu = 255, flag_protocol_type = 0x10, flags_optional = 0x07, flag_extension = 0x04;
constexpr int extensions_max = 8;

/** Bytes of header with its optional fields and extension headers, 0 where they do not fit. */
size_t header_length(Bytes bytes) {
  if ((bytes[0] & flags_optional) == 0) return 8;
  if (bytes.size() < 12) return 0;
  size_t at = 12;
  uint8_t next = (bytes[0] & flag_extension) != 0 ? bytes[11] : 0;
  for (int i = 0; next != 0; i++) {
    const size_t length = at < bytes.size() ? bytes[at] * 4u : 0;
    if (length == 0 || at + length > bytes.size() || i == extensions_max) return 0;
    next = bytes[at + length - 1];
    at += length;
  }
  return at;
}

}  // namespace

Inner parse_gtp(Packet& packet) {
  const Bytes bytes = packet.payload;
  const bool version1 = bytes.size() >= 8 && bytes[0] >> 5 == 1 && (bytes[0] & flag_protocol_type) != 0;
  if (!version1 || bytes[1] != message_pdu) return {};
  const bool length_fits = load_be16(&bytes[2]) + 8u <= bytes.size() || packet.cut;
  if (!length_fits) return {};
  const size_t header = header_length(bytes);
  if (header == 0 || header >= bytes.size()) {
    packet.odd(Anomaly::tunnel_broken);
    return {};
  }
  const uint8_t nibble = bytes[header] >> 4;
  const uint16_t type = nibble == 4 ? ethertype_ipv4 : nibble == 6 ? ethertype_ipv6 : 0;
  return {TunnelKind::gtp, load_be32(&bytes[4]), type, bytes.subspan(header)};
}

}  // namespace vmoat
