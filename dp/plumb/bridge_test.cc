// Bridges and veth pairs, against what ip(8) and bridge(8) say, in a namespace of our own.
#include "plumb/bridge.h"

#include <doctest/doctest.h>
#include <linux/if_link.h>
#include <net/if.h>

#include "plumb/own_namespace.h"
#include "plumb/veth.h"

using namespace vmoat;
using namespace vmoat::test;

namespace {

struct Lab {
  OwnNamespace space;
  Netlink netlink = std::move(*Netlink::open());
  uint32_t bridge = 0, tap = 0;
  VethPair pair = {.near = {.name = "mi.vmt", .mac = {0xfe, 0x76, 0, 0, 0, 1}},
                   .far = {.name = "mp.vmt", .mac = {0xfe, 0x76, 0, 0, 0, 2}},
                   .mtu = 1400,
                   .queues = 2,
                   .alias = "vmoat: port of vmt"};

  Lab() {
    REQUIRE(
        run("ip link add vmt-br type bridge mcast_snooping 1 && ip link set vmt-br up && "
            "ip link add vmt type veth peer name vmt-guest && ip link set vmt-guest up && "
            "ip link set vmt master vmt-br up"));
    bridge = ::if_nametoindex("vmt-br");
    tap = ::if_nametoindex("vmt");
  }
};

}  // namespace

TEST_CASE("veth: a pair is made whole, and goes whole") {
  if (!has_root()) return;
  Lab lab;
  REQUIRE(make_veth(lab.netlink, lab.pair).ok());
  const std::string shown = output_of("ip -d link show mp.vmt");
  for (const char* part : {"mp.vmt@mi.vmt", "mtu 1400", "fe:76:00:00:00:02", "alias vmoat: port of vmt",
                           "numtxqueues 2", "addrgenmode none"})
    CHECK_MESSAGE(shown.find(part) != std::string::npos, part << " in " << shown);
  CHECK(lab.pair.far.ifindex == ::if_nametoindex("mp.vmt"));
  REQUIRE(set_up(lab.netlink, lab.pair.near.ifindex).ok());
  REQUIRE(set_up(lab.netlink, lab.pair.far.ifindex).ok());
  CHECK(output_of("ip link show mi.vmt").find("LOWER_UP") != std::string::npos);
  const Status again = make_veth(lab.netlink, lab.pair);
  CHECK_FALSE(again.ok());
  REQUIRE(remove_link(lab.netlink, lab.pair.near.ifindex).ok());
  CHECK(::if_nametoindex("mp.vmt") == 0);
  CHECK(remove_link(lab.netlink, lab.pair.near.ifindex).ok());
}

TEST_CASE("bridge: a port's attributes are read and given to another one") {
  if (!has_root()) return;
  Lab lab;
  REQUIRE(
      run("bridge link set dev vmt cost 77 priority 9 learning off hairpin on guard on isolated on "
          "mcast_flood off bcast_flood off fastleave on"));
  const auto port = bridge_port(lab.netlink, lab.tap);
  REQUIRE(port.ok());
  REQUIRE(port->has_value());
  CHECK((*port)->bridge == lab.bridge);
  CHECK_FALSE((*bridge_port(lab.netlink, lab.bridge)).has_value());
  REQUIRE(make_veth(lab.netlink, lab.pair).ok());
  const uint32_t far = lab.pair.far.ifindex;
  REQUIRE(set_master(lab.netlink, far, lab.bridge).ok());
  REQUIRE(copy_port(lab.netlink, **port, far).ok());
  const auto copied = bridge_port(lab.netlink, far);
  REQUIRE(copied.ok());
  CHECK((*copied)->attributes == (*port)->attributes);
  CHECK(output_of("bridge -d link show dev mp.vmt").find("isolated on") != std::string::npos);
  REQUIRE(copy_port(lab.netlink, **port, far, {{IFLA_BRPORT_ISOLATED, {0}}}).ok());
  CHECK(output_of("bridge -d link show dev mp.vmt").find("isolated off") != std::string::npos);
  REQUIRE(set_master(lab.netlink, far, 0).ok());
  CHECK_FALSE((*bridge_port(lab.netlink, far)).has_value());
}

TEST_CASE("bridge: a link that somebody has moved meanwhile stays where it is") {
  if (!has_root()) return;
  Lab lab;
  REQUIRE(run("ip link add vmt-br2 type bridge"));
  const uint32_t other = ::if_nametoindex("vmt-br2");
  const auto is_in = [&](uint32_t bridge) {
    const auto port = bridge_port(lab.netlink, lab.tap);
    REQUIRE(port.ok());
    return *port ? (*port)->bridge == bridge : bridge == 0;
  };
  const auto said = [](const Result<bool>& result) {
    REQUIRE(result.ok());
    return *result;
  };
  CHECK_FALSE(said(leave_bridge(other, lab.tap)));
  CHECK_FALSE(said(enter_bridge(other, lab.tap)));
  CHECK(is_in(lab.bridge));
  CHECK(said(leave_bridge(lab.bridge, lab.tap)));
  CHECK_FALSE(said(leave_bridge(lab.bridge, lab.tap)));
  CHECK(is_in(0));
  CHECK(said(enter_bridge(other, lab.tap)));
  CHECK_FALSE(said(enter_bridge(lab.bridge, lab.tap)));
  CHECK(is_in(other));
  CHECK_FALSE(enter_bridge(lab.tap, lab.bridge).ok());
}

TEST_CASE("bridge: addresses and multicast groups are moved to another port") {
  if (!has_root()) return;
  Lab lab;
  REQUIRE(make_veth(lab.netlink, lab.pair).ok());
  const uint32_t far = lab.pair.far.ifindex;
  for (uint32_t end : {far, lab.pair.near.ifindex}) REQUIRE(set_up(lab.netlink, end).ok());
  REQUIRE(set_master(lab.netlink, far, lab.bridge).ok());
  REQUIRE(
      run("bridge fdb add 52:54:00:00:00:01 dev vmt master dynamic && "
          "bridge fdb add 52:54:00:00:00:02 dev vmt master static && "
          "bridge mdb add dev vmt-br port vmt grp 239.1.2.3 permanent"));
  const auto known = fdb_of(lab.netlink, lab.tap);
  REQUIRE(known.ok());
  REQUIRE(known->size() >= 2);  // each in the port's VLAN as well, where there are VLANs
  REQUIRE(move_fdb(lab.netlink, lab.tap, far).ok());
  CHECK(fdb_of(lab.netlink, lab.tap)->empty());
  CHECK(*fdb_of(lab.netlink, far) == *known);
  CHECK(output_of("bridge fdb show dev mp.vmt").find("52:54:00:00:00:02 master vmt-br static") !=
        std::string::npos);
  const auto groups = mdb_of(lab.netlink, lab.bridge, lab.tap);
  REQUIRE(groups.ok());
  REQUIRE(groups->size() == 1);
  REQUIRE(add_mdb(lab.netlink, lab.bridge, far, groups->front()).ok());
  CHECK(add_mdb(lab.netlink, lab.bridge, far, groups->front()).ok());
  CHECK(output_of("bridge mdb show").find("port mp.vmt grp 239.1.2.3 permanent") != std::string::npos);
}
