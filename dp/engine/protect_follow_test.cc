// Protection where a NIC's place changes: libvirt has the last word on where a tap is, and the guard stays
// on.
#include <doctest/doctest.h>

#include "engine/protect_rig.h"
#include "plumb/tcx.h"

namespace vmoat::test {
namespace {

/** Guarded, what is allowed passes and what is not does not. */
void check_guarded(GuardRig& rig) {
  CHECK(wait_for([&] { return rig.is_guarded(); }));
  CHECK(wait_for([&] { return connect_to(rig.lab, open_port, 500) == 0; }));
  CHECK(wait_for([&] { return connect_to(rig.lab, closed_port) == ECONNREFUSED; }));
}

/** Where the guest's frames enter. */
std::string bridge_of(GuardRig& rig) {
  return GuardRig::master_of(rig.protection().enforcer == "splice" ? "mp." + rig.lab.b : rig.lab.b);
}

void move_to(const GuardRig& rig, const std::string& bridge) {
  for (const std::string& tap : {rig.lab.b, rig.lab.a})
    REQUIRE(run("ip link set " + tap + " master " + bridge));
}

/** Neither asks for the other any more. */
void let_know(const GuestLab& lab) {
  const auto know = [](const std::string& guest, const std::string& other, const std::string& address) {
    REQUIRE(run("ip -n " + guest + " neigh replace " + address + " lladdr " + GuestLab::mac(other) + " dev " +
                guest + "-g nud permanent"));
  };
  know(lab.a, lab.b, GuestLab::address(false));
  know(lab.b, lab.a, GuestLab::address(true));
}

}  // namespace

TEST_CASE("protect follows: into another bridge, and back") {
  if (!has_root()) return;
  each_guard([](GuardRig& rig) {
    const Fd open = listener(rig.lab, open_port);
    REQUIRE(run("ip link add vmt-br2 type bridge && ip link set vmt-br2 up"));
    rig.mode(Mode::protect);
    let_know(rig.lab);
    for (const char* bridge : {"vmt-br2", "vmt-br"}) {
      move_to(rig, bridge);
      CHECK(wait_for([&] { return bridge_of(rig) == bridge; }));
      check_guarded(rig);
    }
    REQUIRE(run("ip link set " + rig.lab.b + " master vmt-br2"));
    rig.dp->policy(tables(++rig.generation, rig.lab, Mode::learn, false));
    CHECK(wait_for([&] { return ::if_nametoindex(("mp." + rig.lab.b).c_str()) == 0; }));
    CHECK(GuardRig::master_of(rig.lab.b) == "vmt-br2");
  });
}

TEST_CASE("protect follows: a bridge goes and another one comes, also while dp is not there") {
  if (!has_root()) return;
  for (const HookChoice hook : hooks_here())
    for (const bool is_away : {false, true}) {
      CAPTURE(static_cast<int>(hook));
      CAPTURE(is_away);
      GuardRig rig(hook);
      const Fd open = listener(rig.lab, open_port);
      rig.mode(Mode::protect);
      CHECK(rig.protection().enforcer == "splice");
      if (is_away) rig.end();
      REQUIRE(run("ip link del vmt-br"));
      if (!is_away) CHECK(wait_for([&] { return rig.protection().enforcer == "inplace"; }));
      if (!is_away) CHECK(rig.protection().reason.find("no bridge") != std::string::npos);
      REQUIRE(run("ip link add vmt-br type bridge && ip link set vmt-br up"));
      move_to(rig, "vmt-br");
      if (is_away) rig.begin();
      if (is_away) rig.dp->policy(tables(++rig.generation, rig.lab, Mode::protect, false));
      CHECK(wait_for([&] { return rig.protection().enforcer == "splice" && rig.is_guarded(); }));
      check_guarded(rig);
      rig.mode(Mode::learn);
    }
}

TEST_CASE("protect follows: MTU and MAC of the tap, and its being down for a while") {
  if (!has_root()) return;
  each_guard([](GuardRig& rig) {
    rig.mode(Mode::protect);
    Echoes echoes(rig);
    REQUIRE(run("ip link set " + rig.lab.b + " mtu 9000 address fe:54:00:00:00:07"));
    CHECK(wait_for(
        [&] { return output_of("ip link show mp." + rig.lab.b).find("mtu 9000") != std::string::npos; }));
    REQUIRE(run("ip link set " + rig.lab.b + " down && sleep 0.2 && ip link set " + rig.lab.b + " up"));
    check_guarded(rig);
    echoes.finish();
    CHECK_FALSE(echoes.failed());
  });
}

TEST_CASE("protect follows: a tap that goes leaves nothing behind, also while dp is not there") {
  if (!has_root()) return;
  each_guard([](GuardRig& rig) {
    for (const bool is_away : {false, true}) {
      CAPTURE(is_away);
      rig.mode(Mode::protect);
      const std::string tap = std::to_string(::if_nametoindex(rig.lab.b.c_str()));
      const std::string pair = "mp." + rig.lab.b;
      if (is_away) rig.end();
      GuestLab::unplug(rig.lab.b);
      if (is_away) rig.begin({rig.lab.a, rig.lab.c});
      CHECK(wait_for([&] { return ::if_nametoindex(pair.c_str()) == 0; }));
      CHECK(wait_for([&] { return output_of("find " + rig.pins + " -name '" + tap + "-*'").empty(); }));
      GuestLab::add(rig.lab.b, GuestLab::address(false));
      rig.closed = listener(rig.lab, closed_port);
    }
  });
}

TEST_CASE("protect follows: rules of libvirt's own that come to name the tap, and go") {
  if (!has_root()) return;
  GuardRig rig;
  rig.mode(Mode::protect);
  Echoes echoes(rig);
  CHECK(rig.protection().enforcer == "splice");
  for (const bool filtered : {true, false}) {
    rig.dp->expect({{.tap = rig.lab.b, .filtered = filtered}});
    CHECK(wait_for(
        [&] { return rig.protection().enforcer == (filtered ? "inplace" : "splice") && rig.is_guarded(); }));
    if (filtered) CHECK(rig.protection().reason.find("filterref") != std::string::npos);
    CHECK(connect_to(rig.lab, closed_port) == ECONNREFUSED);
  }
  echoes.finish();
  CHECK_FALSE(echoes.failed());
}

TEST_CASE(
    "protect follows: what libvirt limits at the tap stays limited, for such a NIC is guarded in place") {
  if (!has_root() || !has_tcx()) return;  // without TCX libvirt's qdisc has the place of ours
  GuardRig rig(HookChoice::tcx);
  REQUIRE(run("ip link add vmt-limit type veth peer name vmt-limited"));
  for (const char* end : {"vmt-limit", "vmt-limited"})
    REQUIRE(run(std::string("ip link set up arp off dev ") + end));
  REQUIRE(run("tc qdisc add dev " + rig.lab.b + " ingress"));
  REQUIRE(run("tc filter add dev " + rig.lab.b +
              " parent ffff: protocol all u32 match u32 0 0 action mirred egress mirror dev vmt-limit"));
  const auto limited = [&] {
    return std::stoull("0" + output_of("tc -s filter show dev " + rig.lab.b +
                                       " parent ffff: | sed -nE 's/.* bytes ([0-9]+) pkt.*/\\1/p'"));
  };
  rig.dp->expect({{.tap = rig.lab.b, .bandwidth = true}});
  rig.mode(Mode::protect);
  CHECK(rig.protection().enforcer == "inplace");
  CHECK(rig.protection().reason.find("bandwidth") != std::string::npos);
  const uint64_t before = limited();
  Echoes echoes(rig);
  CHECK(wait_for([&] { return echoes.count() > 100; }));
  echoes.finish();
  CHECK_FALSE(echoes.failed());
  CHECK(limited() - before >= echoes.count());
  rig.mode(Mode::learn);
}

TEST_CASE(
    "protect follows: a NIC that the ordered enforcer cannot serve says so, and is served when it can be") {
  if (!has_root()) return;
  GuardRig rig(HookChoice::automatic, "splice");
  REQUIRE(run("ip link set " + rig.lab.b + " nomaster"));
  rig.dp->policy(tables(++rig.generation, rig.lab, Mode::protect, false));
  CHECK(wait_for([&] { return rig.protection().reason.find("no bridge") != std::string::npos; }));
  CHECK(rig.protection().state == NicProtection::State::off);
  CHECK(rig.protection().enforcer.empty());
  REQUIRE(run("ip link set " + rig.lab.b + " master vmt-br"));
  CHECK(wait_for([&] { return rig.is_guarded(); }));
}

}  // namespace vmoat::test
