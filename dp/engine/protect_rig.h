// For tests: two guests behind a bridge and a third, one of them in protect, and what their sockets come to
// know.
#pragma once

#include <doctest/doctest.h>
#include <poll.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include "enforce/enforcer.h"
#include "engine/dataplane.h"
#include "engine/test_hooks.h"
#include "engine/test_live.h"
#include "plumb/bpffs.h"
#include "plumb/bridge.h"
#include "plumb/guest_lab.h"

namespace vmoat::test {

constexpr uint16_t open_port = 5432, closed_port = 6379;

/** Group 3 is guest a, 4 guest b, 5 guest c, which no rule names. No two generations say the same, so that
 * what was decided under one is asked about again under the next. */
inline PolicyTables tables(uint64_t generation, const GuestLab& lab, Mode of_b, bool fails_closed) {
  PolicyTables t;
  t.generation = generation;
  t.groups = {{.name = "any"},
              {.name = "host"},
              {.name = "external"},
              {.name = "vm.a", .mode = Mode::learn},
              {.name = "vm.b", .mode = of_b, .fails_closed = fails_closed},
              {.name = "vm.c" + std::to_string(generation), .mode = Mode::learn}};
  t.rules = {{.number = 1,
              .id = "database",
              .from = 3,
              .to = 4,
              .ports = {"tcp/5432", "udp/5432"},
              .action = Verdict::allow}};
  t.nics = {
      {.tap = lab.a, .groups = {0, 3}}, {.tap = lab.b, .groups = {0, 4}}, {.tap = lab.c, .groups = {0, 5}}};
  t.unknown = {0};
  return t;
}

/** Asks for a minute, at first every millisecond, then more seldom. */
template <class Condition>
[[nodiscard]] bool wait_for(Condition condition) {
  constexpr useconds_t longest = 50'000;
  useconds_t pause = 1000;
  for (useconds_t waited = 0; waited < 60'000'000; waited += pause, pause = std::min(pause * 2, longest)) {
    if (condition()) return true;
    ::usleep(pause);
  }
  return false;
}

/** 0, or the errno that a guest's connection ended with. */
inline int connect_from(const std::string& guest, const std::string& address, uint16_t port,
                        int wait_ms = 3000) {
  const Fd client = guest_socket(guest, SOCK_STREAM | SOCK_NONBLOCK);
  const sockaddr_in to = socket_address(address, port);
  if (::connect(client.get(), reinterpret_cast<const sockaddr*>(&to), sizeof(to)) == 0) return 0;
  pollfd ready = {client.get(), POLLOUT, 0};
  if (::poll(&ready, 1, wait_ms) == 0) return ETIMEDOUT;
  int error = 0;
  socklen_t size = sizeof(error);
  ::getsockopt(client.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  return error;
}

/** The same of guest a to guest b. */
inline int connect_to(const GuestLab& lab, uint16_t port, int wait_ms = 3000) {
  return connect_from(lab.a, GuestLab::address(false), port, wait_ms);
}

inline Fd listener(const GuestLab& lab, uint16_t port) {
  Fd fd = guest_socket(lab.b, SOCK_STREAM, port);
  REQUIRE(::listen(fd.get(), 4096) == 0);  // nobody accepts
  return fd;
}

/** For a few guests: to make its tables takes no longer than what is tested. */
inline DataplaneConfig small_tables() {
  DataplaneConfig config;
  config.flows_max = config.sessions_max = 16384;
  config.report_interval_ms = 100;
  return config;
}

/** Guest b listens on the port that no rule allows: whoever may connect can. */
struct GuardRig {
  GuestLab lab;
  Fd closed = listener(lab, closed_port);
  const std::string pins = "/sys/fs/bpf/" + lab.unique + "-protect";
  Raised sink;
  std::unique_ptr<Dataplane> dp;
  uint64_t generation = 0;
  bool fails_closed = false;
  std::string master = "vmt-br";  // what the taps are in
  DataplaneConfig config;

  explicit GuardRig(HookChoice hook = HookChoice::automatic, const std::string& enforcer = "automatic",
                    DataplaneConfig with = small_tables())
      : config(std::move(with)) {
    config.names = {lab.unique + "*"};
    config.hook = hook;
    config.pin_root = pins;
    config.enforce = true;
    config.enforcer = enforcer;
    begin();
  }
  void begin() { begin({lab.a, lab.b, lab.c}); }
  void begin(const std::vector<std::string>& taps) {
    auto started = Dataplane::start(config, sink);
    if (!started) FAIL(started.error().what);
    dp = std::move(*started);
    for (const std::string& tap : taps) REQUIRE(sink.slot_of(tap) != no_slot);
  }
  /** All that it has put on the host stays. */
  void end() {
    REQUIRE(dp->stop(false).ok());
    dp.reset();
  }
  ~GuardRig() {
    if (dp) (void)dp->stop(true);
    (void)remove_tree(pins);
  }
  /** Nothing of an enforcer is there, and the tap is where it was. */
  [[nodiscard]] bool is_as_without_us() const {
    return ::if_nametoindex(("mp." + lab.b).c_str()) == 0 && master_of(lab.b) == master;
  }
  static std::string master_of(const std::string& link) {
    return output_of("ip -o link show dev " + link +
                     " | sed -nE 's/.* master ([^ ]+) .*/\\1/p' | tr -d '\\n'");
  }
  [[nodiscard]] NicProtection protection() { return sink.protection_of(lab.b); }
  [[nodiscard]] bool is_guarded() { return protection().state == NicProtection::State::guarded; }
  /** Returns when the mode can be seen. */
  void mode(Mode of_b) {
    dp->policy(tables(++generation, lab, of_b, fails_closed));
    const bool guarded = of_b == Mode::protect;
    REQUIRE(wait_for([&] { return guarded ? is_guarded() : is_as_without_us(); }));
    REQUIRE(wait_for([&] { return connect_to(lab, closed_port) == (guarded ? ECONNREFUSED : 0); }));
  }
};

constexpr uint16_t web_port = 8080;

/** Guest a may speak HTTP to guest b. */
inline PolicyRule web_rule(bool continuous) {
  return {.number = 2,
          .id = "web",
          .from = 3,
          .to = 4,
          .applications = {"http"},
          .ports = {"tcp/" + std::to_string(web_port)},
          .action = Verdict::allow,
          .continuous = continuous};
}

/** Runs a test for every enforcer of the registry, by every hook. */
template <class Test>
void each_guard(Test test) {
  for (const EnforcerKind& kind : enforcers())
    for (const HookChoice hook : hooks_here()) {
      const std::string which = which_of(kind.name, hook);
      CAPTURE(which);
      GuardRig rig(hook, std::string(kind.name));
      test(rig);
    }
}

/** One byte there and back, again and again, over one connection. */
class Echoes {
 public:
  explicit Echoes(const GuardRig& rig)
      : listening_(listener(rig.lab, open_port)), client_(guest_socket(rig.lab.a, SOCK_STREAM)) {
    const sockaddr_in to = socket_address(GuestLab::address(false), open_port);
    REQUIRE(::connect(client_.get(), reinterpret_cast<const sockaddr*>(&to), sizeof(to)) == 0);
    server_ = Fd(::accept(listening_.get(), nullptr, nullptr));
    answering_ = std::thread([this] {
      for (char c; ::recv(server_.get(), &c, 1, 0) == 1;) (void)!::send(server_.get(), &c, 1, MSG_NOSIGNAL);
    });
    asking_ = std::thread([this] {
      for (char c = 'x'; !stop_; count_++) {
        const auto begin = std::chrono::steady_clock::now();
        if (::send(client_.get(), &c, 1, MSG_NOSIGNAL) != 1 || ::recv(client_.get(), &c, 1, 0) != 1) {
          failed_ = true;
          return;
        }
        const auto took = std::chrono::steady_clock::now() - begin;
        longest_ = std::max(longest_, std::chrono::duration_cast<std::chrono::milliseconds>(took));
        ::usleep(200);
      }
    });
  }
  ~Echoes() { finish(); }
  void finish() {
    stop_ = true;
    if (asking_.joinable()) asking_.join();
    ::shutdown(client_.get(), SHUT_RDWR);
    if (answering_.joinable()) answering_.join();
  }
  [[nodiscard]] bool failed() const { return failed_; }
  [[nodiscard]] uint64_t count() const { return count_; }
  /** After finish(). */
  [[nodiscard]] std::chrono::milliseconds longest() const { return longest_; }

 private:
  Fd listening_, client_, server_;
  std::thread answering_, asking_;
  std::atomic<bool> stop_ = false, failed_ = false;
  std::atomic<uint64_t> count_ = 0;
  std::chrono::milliseconds longest_{0};
};

/** Whether a datagram from one guest comes through to a port of another one. */
inline bool datagram_passes(const std::string& from, const std::string& guest, const std::string& address,
                            uint16_t port) {
  const Fd server = guest_socket(guest, SOCK_DGRAM, port), client = guest_socket(from, SOCK_DGRAM);
  const sockaddr_in to = socket_address(address, port);
  for (int i = 0; i < 5; i++) {
    char c = 'x';
    (void)::sendto(client.get(), &c, 1, 0, reinterpret_cast<const sockaddr*>(&to), sizeof(to));
    pollfd ready = {server.get(), POLLIN, 0};
    if (::poll(&ready, 1, 200) == 1) return true;
  }
  return false;
}

/** The same from guest a to guest b. */
inline bool datagram_passes(const GuardRig& rig, uint16_t port) {
  return datagram_passes(rig.lab.a, rig.lab.b, GuestLab::address(false), port);
}

}  // namespace vmoat::test
