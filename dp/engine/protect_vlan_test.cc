// Protection on a bridge that filters VLANs: a NIC behind an access port and one behind a trunk are judged in
// their VLANs, and nothing comes from one VLAN into another.
#include <doctest/doctest.h>

#include "engine/protect_rig.h"
#include "plumb/numbers.h"

namespace vmoat::test {
namespace {

constexpr uint16_t out_port = 9998, in_port = 9997;

void access(const std::string& tap, int vlan) {
  REQUIRE(run("bridge vlan del dev " + tap + " vid 1 && bridge vlan add dev " + tap + " vid " +
              std::to_string(vlan) + " pvid untagged"));
}

/** Guests a and b are in VLAN 100, guest c is in 200. */
void make_access_ports(GuardRig& rig) {
  REQUIRE(run("ip link set vmt-br type bridge vlan_filtering 1 && bridge vlan del dev vmt-br vid 1 self"));
  access(rig.lab.a, 100);
  access(rig.lab.b, 100);
  access(rig.lab.c, 200);
}

/** Guest b is in VLAN 100 as 10.9.0.2 and in 200 as 10.9.1.2, both tagged; guest c is 10.9.1.3 there. */
void make_trunk(GuardRig& rig) {
  make_access_ports(rig);
  const std::string tap = rig.lab.b, in_b = "ip -n " + tap + " ", card = tap + "-g";
  REQUIRE(run("bridge vlan del dev " + tap + " vid 100 && bridge vlan add dev " + tap +
              " vid 100 && bridge vlan add dev " + tap + " vid 200"));
  REQUIRE(run(in_b + "addr flush dev " + card + " scope global"));
  for (const auto& [vlan, address] : {std::pair{"100", "10.9.0.2"}, {"200", "10.9.1.2"}})
    REQUIRE(run(in_b + "link add link " + card + " name vlan" + vlan + " type vlan id " + vlan + " && " +
                in_b + "link set vlan" + vlan + " up && " + in_b + "addr add " + address + "/24 dev vlan" +
                vlan));
  REQUIRE(run("ip -n " + rig.lab.c + " addr add 10.9.1.3/24 dev " + rig.lab.c + "-g"));
}

/** Also of each port's VLANs, without what moves by itself. */
std::string dump() {
  return output_of(
      "bridge -d link; bridge vlan; bridge -d fdb | sort; ip -o -d link | sed -E 's/[a-z_]+timer "
      "+[0-9.]+//g'; "
      "tc qdisc | grep -v clsact");
}

bool is_anybody_in_vlan_1() {
  return !output_of("bridge vlan show vid 1 | grep vmt").empty();
}

void check_verdicts(GuardRig& rig) {
  CHECK(wait_for([&] { return connect_to(rig.lab, open_port) == 0; }));
  CHECK(connect_to(rig.lab, closed_port) == ECONNREFUSED);
  CHECK_FALSE(datagram_passes(rig, closed_port));
  CHECK_FALSE(is_anybody_in_vlan_1());
}

}  // namespace

TEST_CASE("protect in VLANs: access ports are judged in theirs, and the bridge is as before afterwards") {
  if (!has_root() || !has_vlan_filtering()) return;
  for (const EnforcerKind& kind : enforcers()) {
    const std::string which(kind.name);
    CAPTURE(which);
    GuardRig rig(HookChoice::automatic, which);
    rig.lab.silence();
    make_access_ports(rig);
    const Fd open = listener(rig.lab, open_port);
    rig.mode(Mode::learn);
    const std::string before = dump();
    rig.mode(Mode::protect);
    check_verdicts(rig);
    rig.end();
    REQUIRE(Dataplane::restore(rig.pins).ok());
    CHECK(dump() == before);
  }
}

TEST_CASE("protect in VLANs: who has the same address in another VLAN takes it from nobody") {
  if (!has_root() || !has_vlan_filtering()) return;
  for (const EnforcerKind& kind : enforcers()) {
    const std::string which(kind.name);
    CAPTURE(which);
    GuardRig rig(HookChoice::automatic, which);
    make_access_ports(rig);
    const std::string in_c = "ip -n " + rig.lab.c + " addr ", card = " dev " + rig.lab.c + "-g";
    REQUIRE(run(in_c + "flush" + card + " && " + in_c + "add 10.9.0.2/24" + card));
    CHECK(connect_from(rig.lab.c, "10.9.0.9", open_port, 300) != 0);  // asks for it under b's address
    const Fd open = listener(rig.lab, open_port);
    rig.mode(Mode::learn);
    CHECK(rig.sink.nic(rig.lab.a).segment == rig.sink.nic(rig.lab.b).segment);
    CHECK(rig.sink.nic(rig.lab.a).segment != rig.sink.nic(rig.lab.c).segment);
    rig.mode(Mode::protect);
    check_verdicts(rig);
  }
}

TEST_CASE(
    "protect in VLANs: a trunk is judged in each of its own, and nothing crosses while it is switched") {
  if (!has_root() || !has_vlan_filtering()) return;
  for (const EnforcerKind& kind : enforcers()) {
    const std::string which(kind.name);
    CAPTURE(which);
    GuardRig rig(HookChoice::automatic, which);
    make_trunk(rig);
    rig.mode(Mode::learn);
    CHECK(connect_from(rig.lab.c, "10.9.1.2", closed_port) == 0);
    Echoes echoes(rig);
    Numbers out(rig.lab.a, rig.lab.c, "10.9.0.255", 1, out_port),
        in(rig.lab.c, rig.lab.a, "10.9.0.255", 1, in_port);
    rig.mode(Mode::protect);
    check_verdicts(rig);
    CHECK(connect_from(rig.lab.c, "10.9.1.2", open_port) == ECONNREFUSED);
    rig.mode(Mode::learn);
    CHECK(connect_from(rig.lab.c, "10.9.1.2", closed_port) == 0);
    echoes.finish();
    CHECK_FALSE(echoes.failed());
    for (Numbers* strange : {&out, &in}) {
      strange->finish();
      CHECK(strange->sent() > 0);
      CHECK(strange->lost() == strange->sent());
    }
  }
}

}  // namespace vmoat::test
