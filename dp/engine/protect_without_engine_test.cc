// Protection end to end: what passes without the engine's word, or without the engine.
#include "capture/tap_kernel.h"
#include "engine/protect_rig.h"

namespace vmoat::test {

TEST_CASE("protect: connections like one that was allowed need no engine, others do") {
  if (!has_root()) return;
  GuardRig rig;
  rig.fails_closed = true;
  const Fd open = listener(rig.lab, open_port);
  rig.mode(Mode::learn);
  rig.mode(Mode::protect);
  CHECK(connect_to(rig.lab, open_port) == 0);
  rig.end();
  ::usleep(300'000);  // the heartbeat is over
  for (int i = 0; i < 10; i++) CHECK(connect_to(rig.lab, open_port) == 0);
  CHECK(connect_to(rig.lab, closed_port, 700) == ETIMEDOUT);
  rig.begin();
  rig.mode(Mode::learn);
}

TEST_CASE("protect: between two that are in protect both ends know such connections, and their answers") {
  if (!has_root()) return;
  GuardRig rig;
  const Fd open = listener(rig.lab, open_port);
  rig.mode(Mode::learn);
  PolicyTables both = tables(++rig.generation, rig.lab, Mode::protect, true);
  both.groups[3].mode = Mode::protect;
  both.groups[3].fails_closed = true;
  rig.dp->policy(both);
  REQUIRE(wait_for([&] {
    return rig.is_guarded() && rig.sink.protection_of(rig.lab.a).state == NicProtection::State::guarded;
  }));
  REQUIRE(wait_for([&] { return connect_to(rig.lab, open_port) == 0; }));
  rig.end();
  ::usleep(300'000);
  for (int i = 0; i < 10; i++) CHECK(connect_to(rig.lab, open_port, 700) == 0);
  rig.begin();
  rig.mode(Mode::learn);
}

TEST_CASE("protect: a fail-safe port can be reached, whatever the policy and without the engine") {
  if (!has_root()) return;
  GuardRig rig;
  rig.fails_closed = true;
  const auto with_fail_safe = [&](std::vector<std::string> ports) {
    PolicyTables t = tables(++rig.generation, rig.lab, Mode::protect, true);
    t.groups[4].protection.fail_safe_ports = std::move(ports);
    rig.dp->policy(t);
  };
  rig.mode(Mode::learn);
  rig.mode(Mode::protect);
  with_fail_safe({"tcp/6379"});
  CHECK(wait_for([&] { return connect_to(rig.lab, closed_port) == 0; }));
  rig.end();
  ::usleep(300'000);
  CHECK(connect_to(rig.lab, closed_port) == 0);
  CHECK(connect_to(rig.lab, open_port, 700) == ETIMEDOUT);
  rig.begin();
  with_fail_safe({});
  CHECK(wait_for([&] { return connect_to(rig.lab, closed_port) == ECONNREFUSED; }));
}

TEST_CASE("protect: in panic everything passes until it is over, with the engine and without it") {
  if (!has_root()) return;
  GuardRig rig;
  rig.fails_closed = true;
  rig.mode(Mode::learn);
  rig.mode(Mode::protect);
  const auto panic_for = [&](int64_t seconds) {
    const int64_t until_ns = clock_ns(CLOCK_BOOTTIME) + seconds * ns_per_s;
    REQUIRE(set_panic(rig.pins, static_cast<uint64_t>(seconds == 0 ? 0 : until_ns)).ok());
  };
  panic_for(60);
  CHECK(connect_to(rig.lab, closed_port) == 0);
  rig.end();
  ::usleep(300'000);
  CHECK(connect_to(rig.lab, closed_port) == 0);
  panic_for(0);
  CHECK(connect_to(rig.lab, closed_port, 700) == ETIMEDOUT);
  panic_for(1);
  CHECK(connect_to(rig.lab, closed_port) == 0);
  ::usleep(1'100'000);
  CHECK(connect_to(rig.lab, closed_port, 700) == ETIMEDOUT);
  rig.begin();
  rig.mode(Mode::protect);
}
}  // namespace vmoat::test
