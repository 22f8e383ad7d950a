// One VLAN tag: 802.1Q and 802.1ad alike.
#include "base/endian.h"
#include "parse/headers.h"

namespace vmoat {

namespace {
constexpr uint8_t tags_max = 8;
}

Follows parse_vlan(Bytes bytes, Packet& packet) {
  if (bytes.size() < 4) {
    packet.odd(Anomaly::vlan_short);
    return {};
  }
  if (packet.tag_count >= 2) packet.odd(Anomaly::vlan_deep);
  if (packet.tag_count == tags_max) return {};
  const uint16_t id = load_be16(&bytes[0]) & 0xfff;
  if (packet.tag_count < 2) packet.tags[packet.tag_count] = id;
  packet.tag_count++;
  return {load_be16(&bytes[2]), bytes.subspan(4)};
}

}  // namespace vmoat
