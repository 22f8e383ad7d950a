// Resets, byte by byte.
#include "engine/reset.h"

#include <cstring>

#include "base/internet_checksum.h"

namespace vmoat {
namespace {

constexpr size_t macs_bytes = 12, tag_bytes = 4;
constexpr uint8_t hops = 64;

struct Segment {
  bool back;  // to the sender
  uint32_t seq, ack;
  uint8_t flags;
};

void seal(uint8_t* at, const InternetChecksum& sum) {
  at[0] = static_cast<uint8_t>(sum.value() >> 8);
  at[1] = static_cast<uint8_t>(sum.value());
}

void put_ip(ResetFrame& out, const Packet& p, const Address& from, const Address& to) {
  constexpr uint16_t tcp_bytes = 20;
  if (p.family == 6) {
    out.put32(6u << 28);
    out.put16(tcp_bytes);
    out.put16(static_cast<uint16_t>(IPPROTO_TCP << 8 | hops));
    out.put({from.bytes(), 16});
    out.put({to.bytes(), 16});
    return;
  }
  const size_t start = out.size();
  out.put16(0x4500);
  out.put16(20 + tcp_bytes);
  out.put32(0x4000);  // id 0, do not fragment
  out.put16(static_cast<uint16_t>(hops << 8 | IPPROTO_TCP));
  out.put16(0);
  out.put({from.bytes() + 12, 4});
  out.put({to.bytes() + 12, 4});
  InternetChecksum sum;
  sum.add({out.at(start), 20});
  seal(out.at(start + 10), sum);
}

void put_tcp(ResetFrame& out, const Packet& p, const Segment& s, size_t addresses_at) {
  const size_t start = out.size();
  out.put16(s.back ? p.dport : p.sport);
  out.put16(s.back ? p.sport : p.dport);
  out.put32(s.seq);
  out.put32(s.ack);
  out.put16(static_cast<uint16_t>(5 << 12 | s.flags));
  out.put32(0);  // window, checksum
  out.put16(0);
  const size_t addresses = p.family == 6 ? 32 : 8;
  InternetChecksum sum;
  sum.add({out.at(addresses_at), addresses});
  sum.add(IPPROTO_TCP + 20);
  sum.add({out.at(start), 20});
  seal(out.at(start + 16), sum);
}

std::optional<ResetFrame> make(Bytes frame, const Packet& p, const Segment& s) {
  const size_t ethernet = macs_bytes + tag_bytes * p.tag_count + 2;
  if (p.tag_count > 2 || frame.size() < ethernet || !p.has_macs) return std::nullopt;
  ResetFrame out;
  out.put(frame.subspan(s.back ? 6 : 0, 6));
  out.put(frame.subspan(s.back ? 0 : 6, 6));
  out.put(frame.subspan(macs_bytes, ethernet - macs_bytes));
  const size_t ip = out.size();
  put_ip(out, p, s.back ? p.dst : p.src, s.back ? p.src : p.dst);
  put_tcp(out, p, s, ip + (p.family == 6 ? 8 : 12));
  return out;
}

}  // namespace

void ResetFrame::put(Bytes bytes) {
  std::memcpy(bytes_.data() + size_, bytes.data(), bytes.size());
  size_ += bytes.size();
}
void ResetFrame::put16(uint16_t value) {
  const uint8_t bytes[] = {static_cast<uint8_t>(value >> 8), static_cast<uint8_t>(value)};
  put(bytes);
}
void ResetFrame::put32(uint32_t value) {
  put16(static_cast<uint16_t>(value >> 16));
  put16(static_cast<uint16_t>(value));
}

std::optional<ResetFrame> reset_to_sender(Bytes frame, const Packet& p) {
  if ((p.tcp_flags & tcp_rst) != 0) return std::nullopt;
  if ((p.tcp_flags & tcp_ack) != 0)
    return make(frame, p, {.back = true, .seq = p.ack, .ack = 0, .flags = tcp_rst});
  const uint32_t marks = ((p.tcp_flags & tcp_syn) != 0 ? 1 : 0) + ((p.tcp_flags & tcp_fin) != 0 ? 1 : 0);
  const uint32_t end = p.seq + p.payload_length + marks;
  return make(frame, p, {.back = true, .seq = 0, .ack = end, .flags = tcp_rst | tcp_ack});
}

std::optional<ResetFrame> reset_to_receiver(Bytes frame, const Packet& p) {
  if ((p.tcp_flags & (tcp_rst | tcp_syn)) != 0) return std::nullopt;
  return make(frame, p, {.back = false, .seq = p.seq, .ack = p.ack, .flags = tcp_rst | tcp_ack});
}

}  // namespace vmoat
