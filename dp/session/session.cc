// Keys of sessions: canonical order of the ends, and their seeded hash.
#include "session/session.h"

namespace vmoat {

namespace {

bool in_order(const Address& a, uint16_t a_port, const Address& b, uint16_t b_port) {
  if (a.words[1] != b.words[1]) return a.words[1] < b.words[1];
  if (a.words[0] != b.words[0]) return a.words[0] < b.words[0];
  return a_port <= b_port;
}

/** Two IPv4 addresses fill one word: two words instead of five. */
uint32_t hash_of(const SessionKey& key, const SipHash& hash) {
  uint64_t ports_and_scope;
  std::memcpy(&ports_and_scope, &key.low_port, sizeof ports_and_scope);
  if (key.family() == 4) {
    const uint64_t words[2] = {key.low.words[1] >> 32 << 32 | key.high.words[1] >> 32, ports_and_scope};
    return static_cast<uint32_t>(hash(words, 2));
  }
  const uint64_t words[5] = {key.low.words[0], key.low.words[1], key.high.words[0], key.high.words[1],
                             ports_and_scope};
  return static_cast<uint32_t>(hash(words, 5));
}

bool is_icmp(uint8_t proto) {
  return proto == IPPROTO_ICMP || proto == IPPROTO_ICMPV6;
}

}  // namespace

KeyedPacket key_of(const Address& src, const Address& dst, uint16_t sport, uint16_t dport, uint8_t proto,
                   uint8_t family, uint32_t scope, const SipHash& hash) {
  KeyedPacket k;
  const bool fixed_ports = is_icmp(proto);
  const bool forward = fixed_ports ? in_order(src, 0, dst, 0) : in_order(src, sport, dst, dport);
  k.sender = forward ? 0 : 1;
  k.key.low = forward ? src : dst;
  k.key.high = forward ? dst : src;
  k.key.low_port = forward || fixed_ports ? sport : dport;
  k.key.high_port = forward || fixed_ports ? dport : sport;
  k.key.scope = scope | (family == 6 ? SessionKey::scope_v6 : 0) | static_cast<uint32_t>(proto) << 24;
  k.hash = hash_of(k.key, hash);
  return k;
}

KeyedPacket key_of(const Packet& packet, uint32_t scope, const SipHash& hash) {
  return key_of(packet.src, packet.dst, packet.sport, packet.dport, packet.proto, packet.family, scope, hash);
}

}  // namespace vmoat
