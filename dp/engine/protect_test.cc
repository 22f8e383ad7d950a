// Protection end to end: two guests behind a bridge, one of them in protect, and what their sockets come to
// know.
#include <doctest/doctest.h>
#include <poll.h>

#include <chrono>

#include "engine/dataplane.h"
#include "engine/test_live.h"
#include "plumb/bpffs.h"
#include "plumb/bridge.h"
#include "plumb/guest_lab.h"

namespace vmoat::test {
namespace {

constexpr uint16_t open_port = 5432, closed_port = 6379;

/** Group 3 is guest a, group 4 guest b. */
PolicyTables tables(uint64_t generation, const GuestLab& lab, Mode of_b) {
  PolicyTables t;
  t.generation = generation;
  t.groups = {{.name = "any"},
              {.name = "host"},
              {.name = "external"},
              {.name = "vm.a", .mode = Mode::learn},
              {.name = "vm.b", .mode = of_b}};
  t.rules = {{.number = 1,
              .id = "database",
              .from = 3,
              .to = 4,
              .ports = {"tcp/5432", "udp/5432"},
              .action = Verdict::allow}};
  t.nics = {{.tap = lab.a, .groups = {0, 3}}, {.tap = lab.b, .groups = {0, 4}}};
  t.unknown = {0};
  return t;
}

struct GuardRig {
  GuestLab lab;
  const std::string pins = "/sys/fs/bpf/" + lab.unique + "-protect";
  Raised sink;
  std::unique_ptr<Dataplane> dp;
  uint64_t generation = 0;

  explicit GuardRig(HookChoice hook = HookChoice::automatic) {
    DataplaneConfig config;
    config.names = {lab.unique + "*"};
    config.hook = hook;
    config.pin_root = pins;
    config.report_interval_ms = 100;
    config.enforce = true;
    auto started = Dataplane::start(config, sink);
    if (!started) FAIL(started.error().what);
    dp = std::move(*started);
    REQUIRE(sink.slot_of(lab.b) != no_slot);
  }
  ~GuardRig() {
    (void)dp->stop(true);
    (void)remove_tree(pins);
  }
  [[nodiscard]] bool is_spliced() const {
    return ::if_nametoindex(("mp." + lab.b).c_str()) != 0 &&
           output_of("ip link show dev " + lab.b).find("master") == std::string::npos;
  }
  void mode(Mode of_b) {
    dp->policy(tables(++generation, lab, of_b));
    const bool wanted = of_b == Mode::protect;
    for (int i = 0; i < 200 && is_spliced() != wanted; i++) ::usleep(50'000);
    REQUIRE(is_spliced() == wanted);
    ::usleep(100'000);
  }
};

/** 0, or the errno that the connection ended with. */
int connect_to(const GuardRig& rig, uint16_t port, int wait_ms = 3000) {
  const Fd client = guest_socket(rig.lab.a, SOCK_STREAM | SOCK_NONBLOCK);
  const sockaddr_in to = socket_address(GuestLab::address(false), port);
  (void)::connect(client.get(), reinterpret_cast<const sockaddr*>(&to), sizeof(to));
  pollfd ready = {client.get(), POLLOUT, 0};
  if (::poll(&ready, 1, wait_ms) == 0) return ETIMEDOUT;
  int error = 0;
  socklen_t size = sizeof(error);
  ::getsockopt(client.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  return error;
}

Fd listener(const GuardRig& rig, uint16_t port) {
  Fd fd = guest_socket(rig.lab.b, SOCK_STREAM, port);
  REQUIRE(::listen(fd.get(), 128) == 0);
  return fd;
}

}  // namespace

TEST_CASE(
    "protect: what a rule allows passes, what none allows gets a reset, and learn lets everything pass") {
  if (!has_root()) return;
  for (const HookChoice hook : {HookChoice::automatic, HookChoice::clsact}) {
    CAPTURE(static_cast<int>(hook));
    GuardRig rig(hook);
    const Fd open = listener(rig, open_port), closed = listener(rig, closed_port);
    rig.mode(Mode::learn);
    CHECK(connect_to(rig, open_port) == 0);
    CHECK(connect_to(rig, closed_port) == 0);
    rig.mode(Mode::protect);
    for (int i = 0; i < 20; i++) {
      CHECK(connect_to(rig, open_port) == 0);
      CHECK(connect_to(rig, closed_port) == ECONNREFUSED);
    }
    rig.mode(Mode::learn);
    CHECK(connect_to(rig, closed_port) == 0);
  }
}
}  // namespace vmoat::test
