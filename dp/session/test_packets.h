// For tests: decoded packets without frames.
#pragma once

#include <string_view>

#include "session/tcp.h"

namespace vmoat::test {

inline Bytes bytes_of(std::string_view s) {
  return {reinterpret_cast<const uint8_t*>(s.data()), s.size()};
}

inline Address address(uint8_t last) {
  const uint8_t a[4] = {10, 0, 0, last};
  return Address::v4(a);
}

/** 10.0.0.1:40000 is end 0, 10.0.0.2:80 end 1. */
inline Packet tcp_packet(int sender, uint32_t seq, uint32_t ack, uint8_t flags, std::string_view data = {}) {
  Packet p;
  p.layer = Layer::transport;
  p.family = 4;
  p.proto = IPPROTO_TCP;
  p.src = address(sender == 0 ? 1 : 2);
  p.dst = address(sender == 0 ? 2 : 1);
  p.sport = sender == 0 ? 40000 : 80;
  p.dport = sender == 0 ? 80 : 40000;
  p.seq = seq;
  p.ack = ack;
  p.tcp_flags = flags;
  p.payload = bytes_of(data);
  p.payload_length = static_cast<uint32_t>(data.size());
  return p;
}

inline bool has_anomaly(const Packet& p, Anomaly a) {
  return (p.anomalies & bit(a)) != 0;
}

}  // namespace vmoat::test
