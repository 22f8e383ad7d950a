// For tests of enforcers: guests behind a bridge, an enforcer for the tap of one of them, and numbered
// traffic.
#pragma once

#include <linux/if_packet.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "enforce/enforcer.h"
#include "enforce/wall.h"
#include "plumb/bpffs.h"
#include "plumb/bridge.h"
#include "plumb/guest_lab.h"

namespace vmoat::test {

/** A kind for the tap of guest a, by one of the hooks. */
struct EnforceLab : GuestLab {
  static constexpr uint16_t port = 9999;
  const EnforcerKind& kind;
  const bool tcx;
  const std::string pins = "/sys/fs/bpf/" + unique + "-enforce";
  Netlink netlink = std::move(*Netlink::open());
  Wall wall = std::move(*Wall::load());
  const uint32_t tap = ::if_nametoindex(a.c_str());
  std::unique_ptr<Enforcer> enforcer;

  EnforceLab(const EnforcerKind& of_kind, bool by_tcx, const std::string& of_bridge = "")
      : GuestLab(of_bridge), kind(of_kind), tcx(by_tcx) {
    if (!tcx) REQUIRE(run("tc qdisc add dev " + a + " clsact"));  // as the tap's own hook has it
    open();
  }
  ~EnforceLab() {
    (void)enforcer->remove(tap);
    (void)remove_tree(pins);
  }
  /** Whoever comes after us. */
  void open() {
    enforcer.reset();
    auto opened =
        kind.open({.pins = pins, .netns = 1, .tcx = tcx, .wall = wall.program(), .reinjected = 77}, netlink);
    if (!opened) FAIL(opened.error().what);
    enforcer = std::move(*opened);
  }
  [[nodiscard]] std::map<uint32_t, Link> links() const { return LinkWatch::open()->links(); }
  [[nodiscard]] EnforcedNic nic() const {
    const std::map<uint32_t, Link> all = links();
    return {.tap = tap, .name = all.at(tap).name, .seen_both_ways = true};
  }
  /** As far as it goes without waiting for anything outside. */
  [[nodiscard]] Progress step(bool in) const {
    for (;;) {
      auto done = in ? enforcer->begin(nic(), links()) : enforcer->end(tap);
      if (!done) FAIL(done.error().what);
      if (*done != Progress::after_grace) return *done;
      let_pass();
    }
  }
  void go(bool in) const {
    for (int tries = 0; tries < 400; tries++) {
      if (step(in) == Progress::done) return;
      ::usleep(100'000);
    }
    FAIL("it never gets there");
  }
  [[nodiscard]] bool is_in_bridge(const std::string& bridge = "vmt-br") {
    auto at = bridge_port(netlink, tap);
    return at && *at && (*at)->bridge == ::if_nametoindex(bridge.c_str());
  }
};

/** Numbered datagrams from one guest to another, or to all, 20 a millisecond, while it lives. */
class Numbers {
 public:
  Numbers(const std::string& from, const std::string& to, const char* address)
      : out_(guest_socket(from, SOCK_DGRAM)), in_(guest_socket(to, SOCK_DGRAM, EnforceLab::port)) {
    const sockaddr_in at = socket_address(address, EnforceLab::port);
    sender_ = std::thread([this, at] {
      for (uint32_t n = 0; !stop_ && n < numbers_max; n++) {
        while (::sendto(out_.get(), &n, sizeof(n), 0, reinterpret_cast<const sockaddr*>(&at), sizeof(at)) <
                   0 &&
               !stop_)
          ::usleep(100);
        sent_ = n + 1;
        if (n % 20 == 19) ::usleep(1000);
      }
    });
    receiver_ = std::thread([this] {
      const timeval wait = {.tv_usec = 200'000};
      ::setsockopt(in_.get(), SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
      for (uint32_t n; ::recv(in_.get(), &n, sizeof(n), 0) == sizeof(n) || !stop_;)
        if (n < numbers_max) seen_[n]++;
    });
  }
  ~Numbers() { finish(); }
  void finish() {
    stop_ = true;
    if (sender_.joinable()) sender_.join();
    if (receiver_.joinable()) receiver_.join();
  }
  void until(uint32_t sent) const {
    while (sent_ < sent) ::usleep(1000);
  }
  /** After finish(). */
  [[nodiscard]] long lost() const { return std::count(seen_.begin(), seen_.begin() + sent_, 0); }
  [[nodiscard]] long doubled() const {
    return std::count_if(seen_.begin(), seen_.begin() + sent_, [](uint8_t times) { return times > 1; });
  }

 private:
  static constexpr uint32_t numbers_max = 4'000'000;
  Fd out_, in_;
  std::vector<uint8_t> seen_ = std::vector<uint8_t>(numbers_max);
  std::atomic<bool> stop_ = false;
  std::atomic<uint32_t> sent_ = 0;
  std::thread sender_, receiver_;
};

}  // namespace vmoat::test
