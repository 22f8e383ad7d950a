// Which failures are attempts.
#include "threats/scan.h"

namespace vmoat {

namespace {

bool is_v4(const Address& a) {
  return a.words[0] == 0 && static_cast<uint32_t>(a.words[1]) == 0xffff0000u;
}

bool is_traceroute(const Subject& s) {
  constexpr uint16_t first_port = 33434, last_port = 33534;
  return s.proto == IPPROTO_UDP && s.dport >= first_port && s.dport <= last_port;
}

}  // namespace

bool is_private(const Address& address) {
  const uint8_t* b = address.bytes();
  if (!is_v4(address)) return (b[0] & 0xfe) == 0xfc || (b[0] == 0xfe && (b[1] & 0xc0) == 0x80);
  const uint8_t* v4 = b + 12;
  return v4[0] == 10 || (v4[0] == 172 && v4[1] >> 4 == 1) || (v4[0] == 192 && v4[1] == 168) ||
         (v4[0] == 100 && v4[1] >> 6 == 1) || (v4[0] == 169 && v4[1] == 254);
}

bool is_attempt(const FlowEvent& event) {
  const Subject& s = event.subject;
  constexpr uint16_t echo_v4 = 8 << 8, echo_v6 = 128 << 8;
  switch (s.proto) {
    case IPPROTO_TCP:
      return true;
    case IPPROTO_UDP:
      return !is_traceroute(s);
    case IPPROTO_ICMP:
      return s.dport == echo_v4;
    case IPPROTO_ICMPV6:
      return s.dport == echo_v6;
    default:
      return false;
  }
}

uint64_t count_attempt(Tally& t, uint64_t item) {
  if (!t.distinct.has(item)) {
    t.distinct.add(item);
    t.count = t.distinct.count();
  }
  return t.count;
}

}  // namespace vmoat
