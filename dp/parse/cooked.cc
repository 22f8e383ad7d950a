// Linux cooked captures v1 and v2, and BSD's null link layer: what a capture of "any" holds instead of
// Ethernet.
#include "base/endian.h"
#include "parse/headers.h"

namespace vmoat {

namespace {

constexpr uint16_t arphrd_ether = 1, arphrd_loopback = 772;

void sender(const uint8_t* address, uint16_t length, uint16_t hardware, Packet& packet) {
  if (length != 6 || (hardware != arphrd_ether && hardware != arphrd_loopback)) return;
  std::memcpy(packet.src_mac.data(), address, 6);
  packet.has_macs = true;
}

Follows cooked_short(Packet& packet) {
  packet.odd(Anomaly::ethernet_short);
  return {};
}

}  // namespace

Follows parse_cooked(Bytes bytes, Packet& packet) {
  if (bytes.size() < 16) return cooked_short(packet);
  sender(&bytes[6], load_be16(&bytes[4]), load_be16(&bytes[2]), packet);
  return {load_be16(&bytes[14]), bytes.subspan(16)};
}

Follows parse_cooked2(Bytes bytes, Packet& packet) {
  if (bytes.size() < 20) return cooked_short(packet);
  sender(&bytes[12], bytes[11], load_be16(&bytes[8]), packet);
  return {load_be16(&bytes[0]), bytes.subspan(20)};
}

Follows parse_null(Bytes bytes, Packet& packet) {
  if (bytes.size() < 4) return cooked_short(packet);
  const uint32_t big = load_be32(&bytes[0]), family = big > 0xffff ? __builtin_bswap32(big) : big;
  if (family == 2) return {ethertype_ipv4, bytes.subspan(4)};
  const bool v6 = family == 10 || family == 24 || family == 28 || family == 30;  // Linux, the BSDs, macOS
  return {static_cast<uint16_t>(v6 ? ethertype_ipv6 : 0), bytes.subspan(4)};
}

}  // namespace vmoat
