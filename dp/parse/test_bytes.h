// For tests: headers as bytes, put together by hand.
#pragma once

#include <algorithm>
#include <deque>
#include <string_view>
#include <vector>

#include "base/internet_checksum.h"
#include "parse/walk.h"

namespace vmoat::test {

using Buffer = std::vector<uint8_t>;

/** Hexadecimal digits, blanks between them are free. */
inline Buffer hex(std::string_view digits) {
  Buffer out;
  int high = -1;
  for (char c : digits) {
    if (c == ' ' || c == '\n') continue;
    const int value = c <= '9' ? c - '0' : c - 'a' + 10;
    if (high >= 0) out.push_back(static_cast<uint8_t>(high << 4 | value));
    high = high >= 0 ? -1 : value;
  }
  return out;
}
inline Buffer operator+(Buffer a, const Buffer& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}
inline Buffer text(std::string_view s) {
  return {s.begin(), s.end()};
}
inline Buffer be16(size_t v) {
  return {static_cast<uint8_t>(v >> 8), static_cast<uint8_t>(v)};
}
inline Buffer be32(uint32_t v) {
  return be16(v >> 16) + be16(v & 0xffff);
}

inline Buffer ethernet(uint16_t type, const Buffer& payload) {
  return hex("020000000002 020000000001") + be16(type) + payload;
}
/** 10.0.0.1 → 10.0.0.2 */
inline Buffer ipv4(uint8_t proto, const Buffer& payload, uint16_t fragment = 0, uint16_t id = 9) {
  return hex("4500") + be16(20 + payload.size()) + be16(id) + be16(fragment) + Buffer{64, proto} +
         hex("0000 0a000001 0a000002") + payload;
}
/** 2001:db8::1 → 2001:db8::2 */
inline Buffer ipv6(uint8_t next, const Buffer& payload, uint8_t hops = 64) {
  return hex("60000000") + be16(payload.size()) + Buffer{next, hops} +
         hex("20010db8000000000000000000000001") + hex("20010db8000000000000000000000002") + payload;
}
inline Buffer udp(uint16_t from, uint16_t to, const Buffer& payload) {
  return be16(from) + be16(to) + be16(8 + payload.size()) + hex("0000") + payload;
}
inline Buffer tcp(uint16_t from, uint16_t to, uint32_t seq, uint32_t ack, uint8_t flags,
                  const Buffer& payload = {}) {
  return be16(from) + be16(to) + be32(seq) + be32(ack) + Buffer{0x50, flags} + hex("ffff 0000 0000") +
         payload;
}

inline void put_sum(Buffer& bytes, size_t at, const InternetChecksum& sum) {
  bytes[at] = static_cast<uint8_t>(sum.value() >> 8);
  bytes[at + 1] = static_cast<uint8_t>(sum.value());
}
/** An IPv4 packet with the checksum of its header. */
inline Buffer with_header_sum(Buffer packet) {
  InternetChecksum sum;
  packet[10] = packet[11] = 0;
  sum.add(Bytes{packet}.first(std::min<size_t>((packet[0] & 15) * 4, packet.size())));
  put_sum(packet, 10, sum);
  return packet;
}
/** An IPv4 packet without options, with the checksum of the TCP segment in it. */
inline Buffer with_tcp_sum(Buffer packet) {
  InternetChecksum sum;
  packet[36] = packet[37] = 0;
  sum.add(IPPROTO_TCP);
  sum.add(static_cast<uint32_t>(packet.size() - 20));
  sum.add(Bytes{packet}.subspan(12));
  put_sum(packet, 36, sum);
  return packet;
}

/** The frame is kept for the program's life: packets are spans into it. */
inline Packet decoded(Buffer frame, LinkType link = LinkType::ethernet, uint32_t cut_by = 0) {
  static std::deque<Buffer> kept;
  const Buffer& bytes = kept.emplace_back(std::move(frame));
  Packet p;
  decode({.bytes = bytes, .length = static_cast<uint32_t>(bytes.size()) + cut_by, .link = link}, p);
  return p;
}
inline bool is_odd(const Packet& p, Anomaly a) {
  return (p.anomalies & bit(a)) != 0;
}

}  // namespace vmoat::test
