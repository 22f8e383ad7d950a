// Packets: Ethernet frames with IPv4, written one after the other into memory, for benchmarks of the engine.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "parse/frame.h"

namespace vmoat::bench {

/** Addresses and ports in host order. */
struct Ends {
  uint32_t client, server;
  uint16_t client_port, server_port;

  [[nodiscard]] Ends turned() const { return {server, client, server_port, client_port}; }
};

/** A run of frames, one microsecond apart; its memory is used again after `clear`. */
class Packets {
 public:
  void tcp(const Ends& from, uint32_t seq, uint32_t ack, uint8_t flags, std::string_view payload = {});
  void udp(const Ends& from, std::string_view payload);
  /** A part of a datagram; `field` is IPv4's flags and offset in units of 8 bytes. */
  void fragment(const Ends& from, uint16_t id, uint16_t field, std::string_view part);

  [[nodiscard]] size_t count() const { return at_.size(); }
  /** Valid until the next packet or `clear`. */
  [[nodiscard]] const std::vector<Frame>& frames();
  void clear();

 private:
  void ip(const Ends& from, uint8_t proto, size_t length, uint16_t id, uint16_t field);
  void be16(size_t value);
  void be32(uint32_t value);
  void text(std::string_view payload);

  std::vector<uint8_t> bytes_;
  std::vector<size_t> at_;
  std::vector<Frame> frames_;
  int64_t now_ns_ = 1'700'000'000'000'000'000;
};

/** A whole UDP datagram, for cutting into fragments. */
std::vector<uint8_t> datagram(uint16_t from, uint16_t to, std::string_view payload);

}  // namespace vmoat::bench
