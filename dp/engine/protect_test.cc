// Protection end to end: two guests behind a bridge, one of them in protect, and what their sockets come to
// know.
#include <doctest/doctest.h>
#include <poll.h>

#include <atomic>
#include <chrono>

#include "engine/dataplane.h"
#include "engine/test_live.h"
#include "plumb/bpffs.h"
#include "plumb/bridge.h"
#include "plumb/guest_lab.h"

namespace vmoat::test {
namespace {

constexpr uint16_t open_port = 5432, closed_port = 6379;

/** Group 3 is guest a, 4 guest b, 5 guest c, which no rule names. */
PolicyTables tables(uint64_t generation, const GuestLab& lab, Mode of_b, bool fails_closed) {
  PolicyTables t;
  t.generation = generation;
  t.groups = {{.name = "any"},
              {.name = "host"},
              {.name = "external"},
              {.name = "vm.a", .mode = Mode::learn},
              {.name = "vm.b", .mode = of_b, .fails_closed = fails_closed},
              {.name = "vm.c", .mode = Mode::learn}};
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

template <class Condition>
[[nodiscard]] bool wait_for(Condition condition) {
  for (int i = 0; i < 1200; i++, ::usleep(50'000))
    if (condition()) return true;
  return false;
}

/** 0, or the errno that a connection of guest a to guest b ended with. */
int connect_to(const GuestLab& lab, uint16_t port, int wait_ms = 3000) {
  const Fd client = guest_socket(lab.a, SOCK_STREAM | SOCK_NONBLOCK);
  const sockaddr_in to = socket_address(GuestLab::address(false), port);
  if (::connect(client.get(), reinterpret_cast<const sockaddr*>(&to), sizeof(to)) == 0) return 0;
  pollfd ready = {client.get(), POLLOUT, 0};
  if (::poll(&ready, 1, wait_ms) == 0) return ETIMEDOUT;
  int error = 0;
  socklen_t size = sizeof(error);
  ::getsockopt(client.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  return error;
}

Fd listener(const GuestLab& lab, uint16_t port) {
  Fd fd = guest_socket(lab.b, SOCK_STREAM, port);
  REQUIRE(::listen(fd.get(), 4096) == 0);  // nobody accepts
  return fd;
}

/** Guest b listens on the port that no rule allows: whoever may connect can. */
struct GuardRig {
  GuestLab lab;
  const Fd closed = listener(lab, closed_port);
  const std::string pins = "/sys/fs/bpf/" + lab.unique + "-protect";
  Raised sink;
  std::unique_ptr<Dataplane> dp;
  uint64_t generation = 0;
  bool fails_closed = false;
  DataplaneConfig config;

  explicit GuardRig(HookChoice hook = HookChoice::automatic) {
    config.names = {lab.unique + "*"};
    config.hook = hook;
    config.pin_root = pins;
    config.report_interval_ms = 100;
    config.enforce = true;
    begin();
  }
  void begin() {
    auto started = Dataplane::start(config, sink);
    if (!started) FAIL(started.error().what);
    dp = std::move(*started);
    for (const std::string& tap : {lab.a, lab.b, lab.c}) REQUIRE(sink.slot_of(tap) != no_slot);
  }
  /** All that it has put on the host stays. */
  void end() {
    REQUIRE(dp->stop(false).ok());
    dp.reset();
  }
  ~GuardRig() {
    (void)dp->stop(true);
    (void)remove_tree(pins);
  }
  [[nodiscard]] bool is_spliced() const {
    return ::if_nametoindex(("mp." + lab.b).c_str()) != 0 &&
           output_of("ip link show dev " + lab.b).find("master") == std::string::npos;
  }
  /** Returns when the mode can be seen. */
  void mode(Mode of_b) {
    dp->policy(tables(++generation, lab, of_b, fails_closed));
    const bool guarded = of_b == Mode::protect;
    REQUIRE(wait_for([&] { return is_spliced() == guarded; }));
    REQUIRE(wait_for([&] { return connect_to(lab, closed_port) == (guarded ? ECONNREFUSED : 0); }));
  }
};

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

/** Whether a guest's datagram that says it is guest a's, from this port, comes to the open port of guest b.
 */
bool passes_as_a(const Fd& server, const std::string& guest, uint16_t port) {
  const Fd client = guest_socket(guest, SOCK_DGRAM, port, GuestLab::address(true));
  const sockaddr_in to = socket_address(GuestLab::address(false), open_port);
  for (int i = 0; i < 10; i++) {
    char c = 'x';
    (void)::sendto(client.get(), &c, 1, 0, reinterpret_cast<const sockaddr*>(&to), sizeof(to));
    pollfd ready = {server.get(), POLLIN, 0};
    if (::poll(&ready, 1, 200) == 1) return ::recv(server.get(), &c, 1, 0) == 1;
  }
  return false;
}

/** Whether a datagram from guest a comes through to a port of guest b. */
bool datagram_passes(const GuardRig& rig, uint16_t port) {
  const Fd server = guest_socket(rig.lab.b, SOCK_DGRAM, port), client = guest_socket(rig.lab.a, SOCK_DGRAM);
  const sockaddr_in to = socket_address(GuestLab::address(false), port);
  for (int i = 0; i < 5; i++) {
    char c = 'x';
    (void)::sendto(client.get(), &c, 1, 0, reinterpret_cast<const sockaddr*>(&to), sizeof(to));
    pollfd ready = {server.get(), POLLIN, 0};
    if (::poll(&ready, 1, 200) == 1) return true;
  }
  return false;
}

}  // namespace

TEST_CASE("protect: a connection that is allowed lives through every switch") {
  if (!has_root()) return;
  GuardRig rig;
  rig.mode(Mode::learn);
  Echoes echoes(rig);
  for (int i = 0; i < 10; i++) {
    rig.mode(Mode::protect);
    CHECK_FALSE(datagram_passes(rig, closed_port));
    CHECK(datagram_passes(rig, open_port));
    rig.mode(Mode::learn);
  }
  echoes.finish();
  CHECK_FALSE(echoes.failed());
  CHECK(echoes.count() > 1000);
  MESSAGE("longest: " << echoes.longest().count() << " ms of " << echoes.count() << " echoes");
}

TEST_CASE(
    "protect: without the engine what is decided goes on, what is not passes, the next one guards again") {
  if (!has_root()) return;
  GuardRig rig;
  rig.mode(Mode::learn);
  Echoes echoes(rig);
  rig.mode(Mode::protect);
  rig.end();
  const uint64_t before = echoes.count();
  CHECK(connect_to(rig.lab, closed_port, 30'000) == 0);
  CHECK(wait_for([&] { return echoes.count() > before + 100; }));
  rig.begin();
  rig.mode(Mode::protect);
  echoes.finish();
  CHECK_FALSE(echoes.failed());
}

TEST_CASE("protect: fail policy closed: what is decided goes on without the engine, and nothing else") {
  if (!has_root()) return;
  GuardRig rig;
  rig.fails_closed = true;
  rig.mode(Mode::learn);
  Echoes echoes(rig);
  rig.mode(Mode::protect);
  rig.end();
  const uint64_t before = echoes.count();
  CHECK(wait_for([&] { return echoes.count() > before + 100; }));
  for (int i = 0; i < 3; i++) CHECK(connect_to(rig.lab, closed_port, 700) == ETIMEDOUT);
  CHECK_FALSE(datagram_passes(rig, open_port));
  rig.begin();
  rig.mode(Mode::protect);
  CHECK(wait_for([&] { return datagram_passes(rig, open_port); }));
  echoes.finish();
  CHECK_FALSE(echoes.failed());
}

TEST_CASE("protect: a decided flow is its own guest's: another one that says it is that guest gets nowhere") {
  if (!has_root()) return;
  constexpr uint16_t port = 40'000;
  GuardRig rig;
  rig.mode(Mode::learn);
  const std::string mac =
      output_of("ip netns exec " + rig.lab.b + " cat /sys/class/net/" + rig.lab.b + "-g/address");
  REQUIRE(run("ip -n " + rig.lab.c + " neigh add 10.9.0.2 lladdr " + mac.substr(0, 17) + " dev " + rig.lab.c +
              "-g && ip -n " + rig.lab.c + " addr add 10.9.0.1/32 dev lo"));
  const Fd server = guest_socket(rig.lab.b, SOCK_DGRAM, open_port);
  REQUIRE(passes_as_a(server, rig.lab.c, port + 2));
  rig.mode(Mode::protect);
  for (int i = 0; i < 3; i++) {
    REQUIRE(passes_as_a(server, rig.lab.a, port));
    CHECK_FALSE(passes_as_a(server, rig.lab.c, port));
  }
  CHECK_FALSE(passes_as_a(server, rig.lab.c, port + 1));
  rig.mode(Mode::learn);
  CHECK(passes_as_a(server, rig.lab.c, port));
}

TEST_CASE("protect: who is told not to enforce takes back what was enforced") {
  if (!has_root()) return;
  GuardRig rig;
  rig.mode(Mode::protect);
  rig.end();
  rig.config.enforce = false;
  rig.begin();
  CHECK_FALSE(rig.is_spliced());
  CHECK(connect_to(rig.lab, closed_port, 30'000) == 0);
}

TEST_CASE("protect: restore puts the bridge back as it was, whoever left it so") {
  if (!has_root()) return;
  GuardRig rig;
  const auto dump = [] {
    return output_of(
        "bridge -d link; bridge fdb | sort; ip -o -d link | sed -E 's/[a-z_]+timer +[0-9.]+//g'; tc qdisc");
  };
  rig.mode(Mode::learn);
  const std::string before = dump();
  rig.mode(Mode::protect);
  CHECK(dump() != before);
  Echoes echoes(rig);
  rig.end();
  REQUIRE(Dataplane::restore(rig.pins).ok());
  CHECK(dump() == before);
  rig.begin();
  echoes.finish();
  CHECK_FALSE(echoes.failed());
}

TEST_CASE(
    "protect: what a rule allows passes, what none allows gets a reset, and learn lets everything pass") {
  if (!has_root()) return;
  for (const HookChoice hook : {HookChoice::automatic, HookChoice::clsact}) {
    CAPTURE(static_cast<int>(hook));
    GuardRig rig(hook);
    const Fd open = listener(rig.lab, open_port);
    rig.mode(Mode::learn);
    CHECK(connect_to(rig.lab, open_port) == 0);
    rig.mode(Mode::protect);
    for (int i = 0; i < 20; i++) {
      CHECK(connect_to(rig.lab, open_port) == 0);
      CHECK(connect_to(rig.lab, closed_port) == ECONNREFUSED);
    }
    rig.mode(Mode::learn);
  }
}
}  // namespace vmoat::test
