// BER of ASN.1 (X.690) as far as LDAP, Kerberos and SNMP need it: tags of one byte, definite lengths up to
// four.
#pragma once

#include "base/byte_reader.h"

namespace vmoat {

constexpr uint8_t ber_integer = 0x02, ber_octets = 0x04, ber_enumerated = 0x0a, ber_sequence = 0x30;

struct BerItem {
  uint8_t tag = 0;
  uint32_t length = 0;  // as claimed; the body may end earlier
  Bytes body;
};

/**
 * Takes tag, length and as much of the body as there is. The reader fails when tag or length are cut short or
 * the length is indefinite or longer than four bytes.
 */
inline BerItem take_ber(ByteReader& in) {
  BerItem item;
  item.tag = in.u8();
  const uint8_t first = in.u8();
  item.length = first;
  if (first > 0x84 || first == 0x80) in.fail();
  if (first > 0x80 && first <= 0x84) {
    item.length = 0;
    for (int i = 0; i < first - 0x80; i++) item.length = item.length << 8 | in.u8();
  }
  if (!in.ok()) return {};
  item.body = in.bytes(item.length < in.left() ? item.length : in.left());
  return item;
}

/** A small integer with the given tag, or -1. */
inline int64_t take_ber_number(ByteReader& in, uint8_t tag = ber_integer) {
  const BerItem item = take_ber(in);
  if (!in.ok() || item.tag != tag || item.length == 0 || item.length > 4 || item.body.size() < item.length)
    return -1;
  int64_t value = item.body[0] & 0x80 ? -1 : 0;
  for (uint8_t byte : item.body) value = value * 256 + byte;
  return value;
}

}  // namespace vmoat
