// Protection end to end: two guests behind a bridge, one of them in protect, and what their sockets come to
// know.
#include <filesystem>

#include "engine/hung_worker.h"
#include "engine/protect_rig.h"
#include "engine/tap_set.h"
#include "plumb/numbers.h"

namespace vmoat::test {
namespace {

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

}  // namespace

TEST_CASE("protect: what is allowed lives through every switch, and none of it is lost") {
  if (!has_root()) return;
  each_guard([](GuardRig& rig) {
    rig.mode(Mode::learn);
    Echoes echoes(rig);
    Numbers numbers(rig.lab.a, rig.lab.b, "10.9.0.2", 1, open_port);
    for (int i = 0; i < 5; i++) {
      rig.mode(Mode::protect);
      CHECK_FALSE(datagram_passes(rig, closed_port));
      rig.mode(Mode::learn);
    }
    numbers.finish();
    echoes.finish();
    CHECK(numbers.lost() == 0);
    CHECK(numbers.doubled() == 0);
    CHECK(numbers.overtaken() == 0);
    CHECK_FALSE(echoes.failed());
    CHECK(echoes.count() > 500);
    MESSAGE("longest: " << echoes.longest().count() << " ms of " << echoes.count() << " echoes; "
                        << numbers.sent() << " datagrams");
  });
}

TEST_CASE("protect: what is held when a guard goes off goes on, also by a worker that comes to it late") {
  if (!has_root()) return;
  each_guard([](GuardRig& rig) {
    rig.mode(Mode::protect);
    const Fd server = guest_socket(rig.lab.b, SOCK_DGRAM, open_port);
    const Fd client = guest_socket(rig.lab.a, SOCK_DGRAM);
    const sockaddr_in to = socket_address(GuestLab::address(false), open_port);
    {
      const HungWorker hung;
      REQUIRE(::sendto(client.get(), "x", 1, 0, reinterpret_cast<const sockaddr*>(&to), sizeof(to)) == 1);
      rig.dp->policy(tables(++rig.generation, rig.lab, Mode::learn, rig.fails_closed));
      ::usleep(150'000);
    }
    pollfd ready = {server.get(), POLLIN, 0};
    CHECK(::poll(&ready, 1, 2000) == 1);
    CHECK(wait_for([&] { return rig.is_as_without_us(); }));
  });
}

TEST_CASE("protect: others' caches still know who has left protect") {
  if (!has_root()) return;
  each_guard([](GuardRig& rig) {
    const Fd open = listener(rig.lab, open_port);
    rig.mode(Mode::protect);
    for (const Mode of_a : {Mode::protect, Mode::learn}) {
      PolicyTables t = tables(++rig.generation, rig.lab, Mode::protect, false);
      t.groups[3].mode = of_a;
      rig.dp->policy(t);
      REQUIRE(wait_for([&] {
        const bool is_guarded = rig.sink.protection_of(rig.lab.a).state == NicProtection::State::guarded;
        return is_guarded == (of_a == Mode::protect);
      }));
    }
    CHECK(wait_for([&] { return ::if_nametoindex(("mp." + rig.lab.a).c_str()) == 0; }));
    const auto cached = [&] { return rig.protection().frames[VMOAT_TO_NIC][VMOAT_CACHED]; };
    const uint64_t before = cached();
    CHECK(wait_for([&] { return connect_to(rig.lab, open_port) == 0 && cached() > before; }));
  });
}

TEST_CASE(
    "protect: without the engine what is decided goes on, what is not passes, the next one guards again") {
  if (!has_root()) return;
  each_guard([](GuardRig& rig) {
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
  });
}

TEST_CASE("protect: the next one knows whose addresses are whose before their guests say anything") {
  if (!has_root()) return;
  each_guard([](GuardRig& rig) {
    const std::string mac = GuestLab::mac(rig.lab.b);
    rig.mode(Mode::protect);
    REQUIRE(connect_to(rig.lab, open_port) == ECONNREFUSED);  // by guest b: nobody listens
    rig.end();
    rig.config.kept = {.policy = tables(rig.generation, rig.lab, Mode::protect, rig.fails_closed),
                       .nics = {{.tap = rig.lab.b, .mac = mac}}};
    (void)rig.sink.take_addresses();
    rig.begin();
    const uint16_t slot = rig.sink.slot_of(rig.lab.b);
    constexpr uint8_t address[] = {10, 9, 0, 2};
    const auto is_its = [&](const AddressRecord& r) {
      return r.slot == slot && r.segment == rig.sink.nic(rig.lab.b).segment &&
             r.source == AddressSource::traffic && r.gone == 0 && std::ranges::equal(r.mac, *mac_of(mac)) &&
             Address::v6(r.address) == Address::v4(address);
    };
    CHECK(wait_for([&] { return std::ranges::any_of(rig.sink.take_addresses(), is_its); }));
  });
}

TEST_CASE("protect: fail policy closed: what is decided goes on without the engine, and nothing else") {
  if (!has_root()) return;
  each_guard([](GuardRig& rig) {
    rig.fails_closed = true;
    rig.mode(Mode::learn);
    Echoes echoes(rig);
    rig.mode(Mode::protect);
    CHECK(rig.protection().fails_closed);
    rig.end();
    const uint64_t before = echoes.count();
    CHECK(wait_for([&] { return echoes.count() > before + 100; }));
    for (int i = 0; i < 2; i++) CHECK(connect_to(rig.lab, closed_port, 700) == ETIMEDOUT);
    CHECK_FALSE(datagram_passes(rig, open_port));
    rig.begin();
    rig.mode(Mode::protect);
    CHECK(wait_for([&] { return datagram_passes(rig, open_port); }));
    echoes.finish();
    CHECK_FALSE(echoes.failed());
  });
}

TEST_CASE("protect: a decided flow is its own guest's: another one that says it is that guest gets nowhere") {
  if (!has_root()) return;
  constexpr uint16_t port = 40'000;
  GuardRig rig;
  rig.mode(Mode::learn);
  const std::string mac = GuestLab::mac(rig.lab.b);
  REQUIRE(run("ip -n " + rig.lab.c + " neigh add 10.9.0.2 lladdr " + mac + " dev " + rig.lab.c +
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
  each_guard([](GuardRig& rig) {
    rig.mode(Mode::protect);
    rig.end();
    rig.config.enforce = false;
    rig.begin();
    CHECK(connect_to(rig.lab, closed_port, 30'000) == 0);
    CHECK(wait_for([&] { return rig.is_as_without_us(); }));
  });
}

TEST_CASE("protect: restore puts the host back as it was, whoever left it so") {
  if (!has_root()) return;
  const auto dump = [] {
    return output_of(
        "bridge -d link; bridge mdb; bridge fdb | sort; ip -o -d link | sed -E 's/[a-z_]+timer +[0-9.]+//g'; "
        "tc qdisc");
  };
  each_guard([&](GuardRig& rig) {
    rig.end();
    REQUIRE(Dataplane::restore(rig.pins).ok());
    const std::string before = dump();
    rig.begin();
    rig.mode(Mode::protect);
    CHECK(dump() != before);
    Echoes echoes(rig);
    rig.end();
    REQUIRE(Dataplane::restore(rig.pins).ok());
    CHECK(dump() == before);
    CHECK_FALSE(std::filesystem::exists(rig.pins));
    rig.begin();
    echoes.finish();
    CHECK_FALSE(echoes.failed());
  });
}

TEST_CASE(
    "protect: what a rule allows passes, what none allows gets a reset, and learn lets everything pass") {
  if (!has_root()) return;
  each_guard([](GuardRig& rig) {
    const Fd open = listener(rig.lab, open_port);
    rig.mode(Mode::learn);
    CHECK(rig.protection().state == NicProtection::State::off);
    CHECK(connect_to(rig.lab, open_port) == 0);
    rig.mode(Mode::protect);
    for (int i = 0; i < 20; i++) {
      CHECK(connect_to(rig.lab, open_port) == 0);
      CHECK(connect_to(rig.lab, closed_port) == ECONNREFUSED);
    }
    CHECK(rig.protection().enforcer == rig.config.enforcer);
    CHECK(wait_for([&] { return rig.protection().frames[VMOAT_TO_NIC][VMOAT_HELD] > 0; }));
    rig.mode(Mode::learn);
  });
}
}  // namespace vmoat::test
