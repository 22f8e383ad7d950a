// Protection of ports of Open vSwitch: in place, for there is no bridge to splice them out of.
#include <doctest/doctest.h>

#include <filesystem>

#include "engine/protect_rig.h"
#include "plumb/numbers.h"

namespace vmoat::test {
namespace {

constexpr const char* datapath = "ovs-system";  // as ovs-vswitchd calls it

/** The taps become ports 1, 2 and 3 of a datapath that sends what comes by one to all others. */
void move_into_ovs(GuardRig& rig) {
  const std::string name = datapath;
  REQUIRE(run("ovs-dpctl add-dp " + name + " && ip link set " + name + " up"));
  for (const std::string& tap : {rig.lab.a, rig.lab.b, rig.lab.c})
    REQUIRE(run("ip link set " + tap + " nomaster && ovs-dpctl add-if " + name + " " + tap));
  REQUIRE(
      run("for port in '1 2,3' '2 1,3' '3 1,2'; do set -- $port; "
          "for what in '0x0800),ipv4()' '0x0806),arp()' '0x86dd),ipv6()'; do "
          "ovs-dpctl add-flow " +
          name + " \"in_port($1),eth(),eth_type($what\" $2 || exit 1; done; done"));
  rig.master = name;
}

std::string dump() {
  return output_of(
      "ip -o -d link | sed -E 's/[a-z_]+timer +[0-9.]+//g'; tc qdisc | grep -v clsact; ovs-dpctl show | grep "
      "port; "
      "ovs-dpctl dump-flows | sed 's/packets:.*actions/actions/' | sort");
}

}  // namespace

TEST_CASE("protect in Open vSwitch: in place, allowed passes, denied gets its reset, and all is as it was") {
  if (!has_root() || !has_open_vswitch()) return;
  GuardRig rig;
  rig.lab.silence();
  move_into_ovs(rig);
  const Fd open = listener(rig.lab, open_port);
  rig.mode(Mode::learn);
  const std::string before = dump();
  rig.mode(Mode::protect);
  CHECK(rig.protection().enforcer == "inplace");
  CHECK(rig.protection().reason.find("no splice: the tap is in no Linux bridge (openvswitch)") !=
        std::string::npos);
  for (int i = 0; i < 3; i++) {
    CHECK(connect_to(rig.lab, open_port) == 0);
    CHECK(connect_to(rig.lab, closed_port) == ECONNREFUSED);
  }
  CHECK_FALSE(datagram_passes(rig, closed_port));
  CHECK(wait_for([&] { return rig.protection().frames[VMOAT_TO_NIC][VMOAT_HELD] > 0; }));
  rig.end();
  REQUIRE(Dataplane::restore(rig.pins).ok());
  CHECK(dump() == before);
  CHECK(output_of("tc qdisc | grep clsact").empty());
  CHECK_FALSE(std::filesystem::exists(rig.pins));
}

TEST_CASE("protect in Open vSwitch: switching loses nothing") {
  if (!has_root() || !has_open_vswitch()) return;
  GuardRig rig;
  move_into_ovs(rig);
  rig.mode(Mode::learn);
  Echoes echoes(rig);
  Numbers numbers(rig.lab.a, rig.lab.b, "10.9.0.2", 1, open_port);
  for (int i = 0; i < 2; i++) {
    rig.mode(Mode::protect);
    rig.mode(Mode::learn);
  }
  numbers.finish();
  echoes.finish();
  CHECK(numbers.lost() == 0);
  CHECK(numbers.doubled() == 0);
  CHECK_FALSE(echoes.failed());
}

TEST_CASE("protect in Open vSwitch: what is held goes on, both ways, whatever the policy becomes") {
  if (!has_root() || !has_open_vswitch()) return;
  GuardRig rig;
  move_into_ovs(rig);
  rig.mode(Mode::protect);
  const auto let_both_ways = [&] {
    PolicyTables t = tables(++rig.generation, rig.lab, Mode::protect, false);
    t.rules.push_back(
        {.number = 2, .id = "back", .from = 4, .to = 3, .ports = {"udp/5432"}, .action = Verdict::allow});
    rig.dp->policy(t);
  };
  let_both_ways();
  REQUIRE(
      wait_for([&] { return datagram_passes(rig.lab.b, rig.lab.a, GuestLab::address(true), open_port); }));
  for (int i = 0; i < 4; i++) {
    const bool to_b = i % 2 == 0;
    const vmoat_way way = to_b ? VMOAT_TO_NIC : VMOAT_FROM_NIC;
    const uint64_t held = rig.protection().frames[way][VMOAT_HELD];
    Numbers numbers(to_b ? rig.lab.a : rig.lab.b, to_b ? rig.lab.b : rig.lab.a,
                    GuestLab::address(!to_b).c_str(), 4, open_port);
    numbers.until(100);
    let_both_ways();  // no verdict holds any more
    CHECK(wait_for([&] { return rig.protection().frames[way][VMOAT_HELD] > held; }));
    numbers.finish();
    CHECK(numbers.lost() == 0);
    CHECK(numbers.doubled() == 0);
    CHECK(numbers.overtaken() == 0);
  }
}

TEST_CASE("protect in Open vSwitch: splice, where it is ordered, says why it cannot serve the port") {
  if (!has_root() || !has_open_vswitch()) return;
  GuardRig rig(HookChoice::automatic, "splice");
  move_into_ovs(rig);
  rig.dp->policy(tables(++rig.generation, rig.lab, Mode::protect, false));
  CHECK(wait_for([&] {
    return rig.protection().reason.find("the tap is in no Linux bridge (openvswitch)") != std::string::npos;
  }));
  CHECK(rig.protection().state == NicProtection::State::off);
}

}  // namespace vmoat::test
