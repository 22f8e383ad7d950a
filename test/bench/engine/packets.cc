#include "packets.h"

namespace vmoat::bench {

void Packets::be16(size_t value) {
  bytes_.push_back(static_cast<uint8_t>(value >> 8));
  bytes_.push_back(static_cast<uint8_t>(value));
}

void Packets::be32(uint32_t value) {
  be16(value >> 16);
  be16(value & 0xffff);
}

void Packets::text(std::string_view payload) {
  bytes_.insert(bytes_.end(), payload.begin(), payload.end());
}

void Packets::ip(const Ends& from, uint8_t proto, size_t length, uint16_t id, uint16_t field) {
  at_.push_back(bytes_.size());
  bytes_.insert(bytes_.end(), 12, 2);
  be16(0x0800);
  be16(0x4500);
  be16(20 + length);
  be16(id);
  be16(field);
  be16(0x4000 | proto);
  be16(0);
  be32(from.client);
  be32(from.server);
}

void Packets::tcp(const Ends& from, uint32_t seq, uint32_t ack, uint8_t flags, std::string_view payload) {
  ip(from, 6, 20 + payload.size(), 0, 0x4000);
  be16(from.client_port);
  be16(from.server_port);
  be32(seq);
  be32(ack);
  be16(0x5000 | flags);
  be16(65'000);
  be32(0);
  text(payload);
}

void Packets::udp(const Ends& from, std::string_view payload) {
  ip(from, 17, 8 + payload.size(), 0, 0x4000);
  be16(from.client_port);
  be16(from.server_port);
  be16(8 + payload.size());
  be16(0);
  text(payload);
}

void Packets::fragment(const Ends& from, uint16_t id, uint16_t field, std::string_view part) {
  ip(from, 17, part.size(), id, field);
  text(part);
}

const std::vector<Frame>& Packets::frames() {
  frames_.resize(at_.size());
  for (size_t i = 0; i < at_.size(); i++) {
    const size_t end = i + 1 < at_.size() ? at_[i + 1] : bytes_.size();
    frames_[i] = {.bytes = {&bytes_[at_[i]], end - at_[i]},
                  .time_ns = now_ns_ + static_cast<int64_t>(i) * 1000,
                  .length = static_cast<uint32_t>(end - at_[i])};
  }
  return frames_;
}

void Packets::clear() {
  now_ns_ += static_cast<int64_t>(at_.size()) * 1000;
  bytes_.clear();
  at_.clear();
}

std::vector<uint8_t> datagram(uint16_t from, uint16_t to, std::string_view payload) {
  std::vector<uint8_t> d;
  for (const size_t field : {size_t{from}, size_t{to}, 8 + payload.size(), size_t{0}}) {
    d.push_back(static_cast<uint8_t>(field >> 8));
    d.push_back(static_cast<uint8_t>(field));
  }
  d.insert(d.end(), payload.begin(), payload.end());
  return d;
}

}  // namespace vmoat::bench
