// Checksums, and flags that data cannot have.
#include "engine/unread.h"

#include <algorithm>

#include "base/endian.h"
#include "base/internet_checksum.h"

namespace vmoat {
namespace {

constexpr size_t ethernet_bytes = 14, tag_bytes = 4;

bool is_header_broken(Bytes ip) {
  const size_t header = ip.empty() ? 0 : (ip[0] & 0xfu) * 4;
  if (header < 20 || header > ip.size()) return true;
  InternetChecksum sum;
  sum.add(ip.first(header));
  return sum.value() != 0;
}

/** UDP without a checksum is as its sender meant it. */
bool has_checksum(const Packet& p) {
  if (p.proto == IPPROTO_TCP) return true;
  return p.proto == IPPROTO_UDP && p.body.size() >= 8 && load_be16(&p.body[6]) != 0;
}

/** Of UDP so much as its own length says. */
Bytes summed(const Packet& p) {
  if (p.proto != IPPROTO_UDP) return p.body;
  return p.body.first(std::min<size_t>(load_be16(&p.body[4]), p.body.size()));
}

bool is_body_broken(const Packet& p) {
  const size_t addresses_at = p.family == 6 ? 0 : 12;
  const Bytes body = summed(p);
  InternetChecksum sum;
  for (const Address* address : {&p.src, &p.dst}) sum.add(Bytes{address->bytes(), 16}.subspan(addresses_at));
  sum.add(p.proto);
  sum.add(static_cast<uint32_t>(body.size()));
  sum.add(body);
  return sum.value() != 0;
}

}  // namespace

bool is_unread(const Packet& p, const Frame& frame) {
  const size_t ip_at = ethernet_bytes + tag_bytes * p.tag_count;
  if (p.body.size() < p.body_length || frame.bytes.size() < ip_at) return true;
  if (p.family == 4 && is_header_broken(frame.bytes.subspan(ip_at))) return true;
  const bool has_data = p.proto == IPPROTO_TCP && p.payload_length > 0;
  if (has_data && ((p.tcp_flags & (tcp_ack | tcp_syn)) == 0 || (p.tcp_flags & tcp_urg) != 0)) return true;
  return has_checksum(p) && !frame.is_checksum_left && is_body_broken(p);
}

}  // namespace vmoat
