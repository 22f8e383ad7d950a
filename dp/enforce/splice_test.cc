// What only a splice has to do: STP, taps that come back into a bridge, this one or another.
#include "enforce/splice.h"

#include <doctest/doctest.h>

#include "enforce/enforce_rig.h"

using namespace vmoat;
using namespace vmoat::test;

namespace {

bool is_spliced(const EnforceLab& lab) {
  return static_cast<const Splice&>(*lab.enforcer).stage(lab.tap) == VMOAT_SPLICED;
}

std::string master_of(const std::string& link) {
  return output_of("ip -o link show dev " + link + " | sed -nE 's/.* master ([^ ]+) .*/\\1/p' | tr -d '\\n'");
}

}  // namespace

TEST_CASE("splice: a bridge with STP lets a port forward late, and nothing is lost for that") {
  if (!has_root()) return;
  EnforceLab lab(splice_enforcer, hooks_by_tcx().front(), "stp_state 1 forward_delay 200");
  for (const std::string& tap : {lab.a, lab.b})
    while ((*bridge_port(lab.netlink, ::if_nametoindex(tap.c_str())))->state != PortState::forwarding)
      ::usleep(50'000);
  CHECK(lab.step(true) == Progress::waits);
  CHECK(lab.is_in_bridge());
  Numbers to(lab.b, lab.a, "10.9.0.1");
  lab.go(true);
  CHECK(is_spliced(lab));
  CHECK_FALSE(lab.is_in_bridge());
  lab.go(false);
  to.finish();
  CHECK(to.lost() == 0);
  CHECK(to.doubled() == 0);
}

TEST_CASE("splice: a tap that is put back into its bridge hears nothing twice, and nothing of its own") {
  if (!has_root()) return;
  EnforceLab lab(splice_enforcer);
  lab.go(true);
  const auto received = [&] {
    return std::stol(
        output_of("ip netns exec " + lab.a + " cat /sys/class/net/" + lab.a + "-g/statistics/rx_packets"));
  };
  for (const bool own : {false, true}) {
    CAPTURE(own);
    const long before = received();
    Numbers numbers(own ? lab.a : lab.b, own ? lab.b : lab.a, "10.9.0.255");
    ::usleep(50'000);
    REQUIRE(run("ip link set " + lab.a + " master vmt-br"));
    ::usleep(100'000);
    CHECK(lab.is_in_bridge());
    lab.go(true);
    CHECK_FALSE(lab.is_in_bridge());
    numbers.until(1000);
    numbers.finish();
    CHECK(numbers.lost() == 0);
    CHECK(numbers.doubled() == 0);
    if (own) CHECK(received() - before < 100);
  }
}

TEST_CASE("splice: a tap that is put into another bridge ends there, whichever way it goes") {
  if (!has_root()) return;
  EnforceLab lab(splice_enforcer);
  REQUIRE(run("ip link add vmt-br2 type bridge && ip link set vmt-br2 up && ip link set " + lab.c +
              " master vmt-br2"));
  for (const bool is_told : {true, false}) {
    CAPTURE(is_told);
    lab.go(true);
    CHECK(master_of("mp." + lab.a) == "vmt-br");
    REQUIRE(run("ip link set " + lab.a + " master vmt-br2"));
    if (is_told) lab.go(true);
    if (is_told) CHECK(master_of("mp." + lab.a) == "vmt-br2");
    if (is_told) CHECK(is_spliced(lab));
    Numbers from(lab.a, lab.c, "10.9.0.3");
    from.until(100);
    lab.go(false);
    from.finish();
    if (is_told) CHECK(from.lost() == 0);
    CHECK(lab.is_in_bridge("vmt-br2"));
    REQUIRE(run("ip link set " + lab.a + " master vmt-br"));
  }
}

TEST_CASE("splice: a bridge that goes leaves the tap free for another one") {
  if (!has_root()) return;
  EnforceLab lab(splice_enforcer);
  lab.go(true);
  REQUIRE(run("ip link del vmt-br"));
  lab.go(false);  // there is nothing to splice any more
  CHECK(master_of(lab.a).empty());
  REQUIRE(run("ip link add vmt-br type bridge && ip link set vmt-br up && ip link set " + lab.b +
              " master vmt-br && ip link set " + lab.a + " master vmt-br"));
  lab.go(true);
  CHECK(is_spliced(lab));
  Numbers to(lab.b, lab.a, "10.9.0.1");
  to.until(200);
  to.finish();
  CHECK(to.lost() == 0);
}

TEST_CASE("splice: the port bears the tap's MAC address, so that the bridge keeps its own") {
  if (!has_root()) return;
  EnforceLab lab(splice_enforcer);
  lab.go(true);
  REQUIRE(run("ip link set " + lab.a + " address fe:54:00:00:00:07"));
  lab.go(true);
  CHECK(output_of("ip link show mp." + lab.a).find("fe:54:00:00:00:07") != std::string::npos);
}
