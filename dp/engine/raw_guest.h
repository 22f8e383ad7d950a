// For tests: a guest that sends frames as it likes, past its own stack.
#pragma once

#include <linux/if_packet.h>
#include <net/ethernet.h>

#include <functional>

#include "engine/protect_rig.h"
#include "parse/test_bytes.h"

namespace vmoat::test {

inline uint8_t guest_number(const GuestLab& lab, const std::string& guest) {
  return guest == lab.a ? 1 : guest == lab.b ? 2 : 3;
}

inline Buffer mac_of(const std::string& guest) {
  std::string text = GuestLab::mac(guest);
  std::erase(text, ':');
  return hex(text);
}

/** Sends a guest's frames as they are, and hears all that comes to it. */
class RawGuest {
 public:
  RawGuest(const GuestLab& lab, const std::string& guest)
      : own_(mac_of(guest)), number_(guest_number(lab, guest)) {
    in_guest(guest, [&] {
      const int index = static_cast<int>(::if_nametoindex((guest + "-g").c_str()));
      at_ = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = index};
      socket_ = Fd(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, htons(ETH_P_ALL)));
      if (socket_ && ::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&at_), sizeof at_) != 0)
        socket_ = {};
    });
    REQUIRE(socket_);
  }
  /** IPv4, to the guest with this number. */
  void send(const Buffer& to, uint8_t number, uint8_t proto, const Buffer& body, uint16_t fragment = 0,
            uint16_t id = 9) const {
    Buffer packet = ipv4(proto, body, fragment, id);
    const Buffer ends = {10, 9, 0, number_, 10, 9, 0, number};
    std::copy(ends.begin(), ends.end(), packet.begin() + 12);
    const bool has_data = proto == IPPROTO_TCP && body.size() > 20;
    if (has_data) packet = with_tcp_sum(packet);  // without, nobody answers
    const Buffer frame = to + own_ + be16(0x0800) + with_header_sum(packet);
    REQUIRE(::sendto(socket_.get(), frame.data(), frame.size(), 0, reinterpret_cast<const sockaddr*>(&at_),
                     sizeof at_) == static_cast<ssize_t>(frame.size()));
  }
  [[nodiscard]] const Buffer& mac() const { return own_; }
  /** The frames of TCP over IPv4 to a port that have come since the last call. */
  [[nodiscard]] std::vector<Buffer> frames(uint16_t port) const {
    std::vector<Buffer> frames;
    for (;;) {
      Buffer frame(65536);
      sockaddr_ll from{};
      socklen_t size = sizeof from;
      const ssize_t got =
          ::recvfrom(socket_.get(), frame.data(), frame.size(), 0, reinterpret_cast<sockaddr*>(&from), &size);
      if (got < 0) return frames;
      frame.resize(static_cast<size_t>(got));
      const bool mine = from.sll_pkttype != PACKET_OUTGOING && got >= 54 && frame[23] == IPPROTO_TCP &&
                        (frame[36] << 8 | frame[37]) == port;
      if (mine) frames.push_back(std::move(frame));
    }
  }
  /** Their lengths. */
  [[nodiscard]] std::vector<size_t> heard(uint16_t port) const {
    std::vector<size_t> lengths;
    for (const Buffer& frame : frames(port)) lengths.push_back(frame.size());
    return lengths;
  }

 private:
  Buffer own_;
  uint8_t number_;
  Fd socket_;
  sockaddr_ll at_{};
};

/** A policy with guest b in protect, in force when this returns. */
inline void protect(GuardRig& rig, const std::function<void(PolicyTables&)>& edit) {
  const auto marker = static_cast<uint16_t>(20'000 + ++rig.generation);
  PolicyTables t = tables(rig.generation, rig.lab, Mode::protect, false);
  edit(t);
  t.rules.push_back({.number = 1000,
                     .id = "marker",
                     .from = 3,
                     .to = 4,
                     .ports = {"udp/" + std::to_string(marker)},
                     .action = Verdict::allow});
  rig.dp->policy(t);
  REQUIRE(wait_for([&] { return rig.is_guarded(); }));
  REQUIRE(wait_for([&] { return datagram_passes(rig, marker); }));
}

}  // namespace vmoat::test
