// Packets are put together anew of what recognisers are shown, in order: the library sees no header of a
// guest's.
#include "engine/fallback.h"

#include <algorithm>
#include <cstring>

namespace vmoat {

namespace {

constexpr uint32_t first_seq = 1000;
constexpr int64_t ns_per_ms = 1'000'000;

/** Writes big-endian fields one behind the other. */
class Writer {
 public:
  explicit Writer(uint8_t* at) : at_(at) {}
  Writer& u8(size_t v) { return *at_++ = static_cast<uint8_t>(v), *this; }
  Writer& be16(size_t v) { return u8(v >> 8).u8(v); }
  Writer& be32(size_t v) { return be16(v >> 16).be16(v); }
  Writer& bytes(const uint8_t* from, size_t count) {
    at_ = std::copy_n(from, count, at_);
    return *this;
  }
  [[nodiscard]] uint8_t* at() const { return at_; }

 private:
  uint8_t* at_;
};

void write_ip(Writer& to, const Session& s, int sender, size_t length) {
  const Address &from = sender != 0 ? s.key.high : s.key.low, &at = sender != 0 ? s.key.low : s.key.high;
  if (s.key.family() == 6) {
    to.be32(6u << 28).be16(length).u8(s.key.proto()).u8(64).bytes(from.bytes(), 16).bytes(at.bytes(), 16);
  } else {
    to.u8(0x45).u8(0).be16(20 + length).be32(0).u8(64).u8(s.key.proto()).be16(0);
    to.bytes(from.bytes() + 12, 4).bytes(at.bytes() + 12, 4);
  }
}

}  // namespace

Fallback::Fallback(std::shared_ptr<const Ndpi> library, uint32_t slots)
    : library_(std::move(library)),
      detector_(library_),
      flows_((slots + size_t{1}) * library_->flow_bytes()) {
  slots_.resize(slots + size_t{1});
  for (uint32_t n = slots; n > 0; n--) free_.push_back(n);
}

Fallback::~Fallback() {
  for (uint32_t n = 1; n < slots_.size(); n++)
    if (slots_[n].taken) detector_.end(flow(n));
}

/** A connection whose SYN was seen begins with a handshake. */
uint32_t Fallback::begin(const Session& s) {
  if (free_.empty()) return 0;
  const uint32_t slot = free_.back();
  free_.pop_back();
  slots_[slot] = {.next = {first_seq, first_seq}, .packets = 0, .taken = true};
  std::memset(flow(slot), 0, library_->flow_bytes());
  if (s.key.proto() != IPPROTO_TCP || !s.has(direction_was_seen)) return slot;
  const int client = s.client();
  (void)show_packet(slot, s, client, tcp_syn, {});
  (void)show_packet(slot, s, 1 - client, tcp_syn | tcp_ack, {});
  (void)show_packet(slot, s, client, tcp_ack, {});
  return slot;
}

uint16_t Fallback::show(uint32_t slot, const Session& s, int sender, Bytes payload) {
  while (!payload.empty() && !is_over(slot)) {
    const Bytes piece = payload.first(std::min(payload.size(), payload_bytes_max));
    slots_[slot].packets++;
    if (const uint16_t found = show_packet(slot, s, sender, tcp_psh | tcp_ack, piece); found != 0)
      return found;
    payload = payload.subspan(piece.size());
  }
  return 0;
}

uint16_t Fallback::show_packet(uint32_t slot, const Session& s, int sender, uint8_t tcp_flags,
                               Bytes payload) {
  const bool tcp = s.key.proto() == IPPROTO_TCP;
  const uint16_t from = sender != 0 ? s.key.high_port : s.key.low_port,
                 at = sender != 0 ? s.key.low_port : s.key.high_port;
  Writer to(packet_.data());
  write_ip(to, s, sender, payload.size() + (tcp ? 20 : 8));
  to.be16(from).be16(at);
  if (tcp) {
    uint32_t& seq = slots_[slot].next[sender];
    to.be32(seq).be32((tcp_flags & tcp_ack) != 0 ? slots_[slot].next[1 - sender] : 0);
    to.u8(0x50).u8(tcp_flags).be16(65535).be32(0);
    seq += static_cast<uint32_t>(payload.size()) + ((tcp_flags & tcp_syn) != 0 ? 1 : 0);
  } else {
    to.be16(8 + payload.size()).be16(0);
  }
  to.bytes(payload.data(), payload.size());
  return detector_.show(flow(slot), {packet_.data(), static_cast<size_t>(to.at() - packet_.data())},
                        static_cast<uint64_t>(s.last_ns / ns_per_ms));
}

void Fallback::end(uint32_t slot) {
  detector_.end(flow(slot));
  slots_[slot].taken = false;
  free_.push_back(slot);
}

}  // namespace vmoat
