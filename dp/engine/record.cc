// Record: a session keeps its ends in the key's order, a record in client's order.
#include "engine/record.h"

#include <algorithm>

namespace vmoat {

namespace {

bool is_icmp(const Session& s) {
  return s.key.proto() == IPPROTO_ICMP || s.key.proto() == IPPROTO_ICMPV6;
}

void write_ends(const Session& s, FlowRecord& r) {
  const int c = s.client();
  const Address &client = c != 0 ? s.key.high : s.key.low, &server = c != 0 ? s.key.low : s.key.high;
  std::memcpy(r.src, client.bytes(), 16);
  std::memcpy(r.dst, server.bytes(), 16);
  const bool turn = c != 0 && !is_icmp(s);  // ICMP's id and type belong to no end
  r.sport = turn ? s.key.high_port : s.key.low_port;
  r.dport = turn ? s.key.low_port : s.key.high_port;
  std::memcpy(r.src_mac, s.mac[c].data(), 6);
  std::memcpy(r.dst_mac, s.mac[1 - c].data(), 6);
  r.src_slot = s.slot[c];
  r.dst_slot = s.slot[1 - c];
}

void write_counts(const Session& s, const Since& since, FlowRecord& r) {
  for (int way = 0; way < 2; way++) {
    const int sender = way == 0 ? s.client() : 1 - s.client();
    r.packets[way] = s.packets[sender];
    r.bytes[way] = s.bytes[sender];
    r.delta_packets[way] = since.packets[sender];
    r.delta_bytes[way] = since.bytes[sender];
    r.retransmissions[way] = s.tcp[sender].retransmissions;
  }
}

void write_path(const Path& path, FlowRecord& r) {
  r.segment = path.segment;
  std::copy_n(path.tags, 2, r.tags);
  std::copy_n(path.tunnel, 4, r.tunnel);
}

}  // namespace

FlowRecord record_of(const Session& s, const Since& since, const Path& path, FlowEnd end) {
  FlowRecord r{};
  r.id = s.id;
  r.parent = s.parent;
  r.first_ns = s.first_ns;
  r.last_ns = s.last_ns;
  write_ends(s, r);
  write_counts(s, since, r);
  write_path(path, r);
  r.anomalies = s.anomalies;
  r.threats = s.threats;
  std::copy_n(s.layers, 3, r.layers);
  r.proto = s.key.proto();
  r.family = s.key.family();
  r.confidence = s.has(is_sure) ? Confidence::sure : s.has(is_guess) ? Confidence::guess : Confidence::none;
  r.direction = s.has(direction_was_seen) ? Direction::seen : Direction::inferred;
  r.end = end;
  r.flags = s.has(was_picked_up) ? flow_picked_up : 0;
  return r;
}

}  // namespace vmoat
