// For tests: a small language to write frames in, header by header.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <vector>

namespace vmoat::test {

class TestFrame {
 public:
  /** Ethernet; the EtherType is written by what follows. */
  TestFrame() : bytes_{0x02, 0, 0, 0, 0, 2, 0x02, 0, 0, 0, 0, 1, 0, 0} {}

  TestFrame& type(uint16_t ethertype) { return put16_at(bytes_.size() - 2, ethertype); }
  TestFrame& vlan(uint16_t id, uint16_t tpid = 0x8100) { return type(tpid).be16(id).be16(0); }
  /** 10.0.0.1 → 10.0.0.2; lengths are right when done() is called. `words` of options. */
  TestFrame& ipv4(uint8_t proto, uint16_t fragment = 0, uint8_t words = 0) {
    type(0x0800);
    ip_ = bytes_.size();
    family_ = 4;
    put({static_cast<uint8_t>(0x45 + words), 0, 0, 0, 0, 9}).be16(fragment).put({64, proto, 0, 0});
    put({10, 0, 0, 1, 10, 0, 0, 2});
    for (int i = 0; i < words * 4; i++) put({1});
    return *this;
  }
  /** 2001:db8::1 → 2001:db8::2 */
  TestFrame& ipv6(uint8_t next) {
    type(0x86dd);
    ip_ = bytes_.size();
    family_ = 6;
    put({0x60, 0, 0, 0, 0, 0, next, 64});
    for (uint8_t last : {1, 2}) put({0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last});
    return *this;
  }
  /** An extension header of (units + 1) * 8 bytes. */
  TestFrame& extension(uint8_t next, uint8_t units = 0) {
    put({next, units, 1, 4, 0, 0, 0, 0});
    for (int i = 0; i < units * 8; i++) put({0});
    return *this;
  }
  TestFrame& fragment_header(uint8_t next, uint16_t field) {
    return put({next, 0}).be16(field).put({0, 0, 0, 9});
  }
  TestFrame& tcp(uint16_t from, uint16_t to, uint8_t flags, uint8_t words = 0) {
    be16(from).be16(to).put(
        {0, 0, 0, 1, 0, 0, 0, 1, static_cast<uint8_t>((5 + words) << 4), flags, 1, 0, 0, 0, 0, 0});
    for (int i = 0; i < words * 4; i++) put({1});
    return *this;
  }
  TestFrame& segment(uint16_t from, uint16_t to, uint8_t flags, uint32_t seq, uint32_t ack) {
    be16(from).be16(to).be32(seq).be32(ack);
    return put({0x50, flags, 0xff, 0xff, 0, 0, 0, 0});
  }
  TestFrame& udp(uint16_t from, uint16_t to) { return be16(from).be16(to).put({0, 0, 0, 0}); }
  TestFrame& sctp(uint16_t from, uint16_t to) { return be16(from).be16(to).put({0, 0, 0, 1, 0, 0, 0, 0}); }
  TestFrame& icmp(uint8_t type, uint8_t code, uint16_t id) {
    return put({type, code, 0, 0}).be16(id).be16(1);
  }
  TestFrame& payload(size_t count) {
    for (size_t i = 0; i < count; i++) put({static_cast<uint8_t>('a' + i % 26)});
    return *this;
  }
  TestFrame& text(std::string_view said) {
    bytes_.insert(bytes_.end(), said.begin(), said.end());
    return *this;
  }
  TestFrame& be16(uint16_t value) {
    return put({static_cast<uint8_t>(value >> 8), static_cast<uint8_t>(value)});
  }
  TestFrame& be32(uint32_t value) {
    return be16(static_cast<uint16_t>(value >> 16)).be16(static_cast<uint16_t>(value));
  }
  TestFrame& put(std::initializer_list<uint8_t> some) {
    bytes_.insert(bytes_.end(), some);
    return *this;
  }
  /** Ends the IP packet; `padding` bytes of Ethernet trailer follow. */
  std::vector<uint8_t> done(size_t padding = 0) {
    if (family_ == 4) put16_at(ip_ + 2, static_cast<uint16_t>(bytes_.size() - ip_));
    if (family_ == 6) put16_at(ip_ + 4, static_cast<uint16_t>(bytes_.size() - ip_ - 40));
    for (size_t i = 0; i < padding; i++) put({0x5a});
    return bytes_;
  }

 private:
  TestFrame& put16_at(size_t at, uint16_t value) {
    bytes_[at] = static_cast<uint8_t>(value >> 8);
    bytes_[at + 1] = static_cast<uint8_t>(value);
    return *this;
  }

  std::vector<uint8_t> bytes_;
  size_t ip_ = 0;
  int family_ = 0;
};

}  // namespace vmoat::test
