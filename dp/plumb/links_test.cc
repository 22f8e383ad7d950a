// Links and qdiscs as rtnetlink tells of them, in a namespace of our own.
#include "plumb/links.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "plumb/own_namespace.h"
#include "plumb/qdisc.h"

using namespace vmoat;
using namespace vmoat::test;

namespace {

LinkWatch watch() {
  auto opened = LinkWatch::open();
  if (!opened) FAIL(opened.error().what);
  return std::move(*opened);
}

const Link* find(const LinkWatch& watch, const std::string& name) {
  for (const auto& [ifindex, link] : watch.links())
    if (link.name == name) return &link;
  return nullptr;
}

LinkChanges turn(LinkWatch& watch) {
  auto changes = watch.turn();
  if (!changes) FAIL(changes.error().what);
  return *changes;
}

}  // namespace

TEST_CASE("links: what is there and what comes") {
  if (!has_root()) return;
  OwnNamespace space;
  REQUIRE(run("ip link add vmt-br type bridge && ip link add vmt-a type veth peer name vmt-b"));
  LinkWatch links = watch();
  REQUIRE(find(links, "vmt-br"));
  CHECK(find(links, "vmt-br")->kind == "bridge");
  CHECK(find(links, "vmt-a")->kind == "veth");
  CHECK(find(links, "vmt-a")->lower == find(links, "vmt-b")->ifindex);
  CHECK(find(links, "vmt-a")->mac.size() == 17);
  CHECK_FALSE(turn(links).links);
  REQUIRE(
      run("ip link set vmt-a master vmt-br up mtu 1400 && ip addr add 192.0.2.1/24 dev vmt-br && "
          "ip tuntap add vmt-tap mode tap && ip tuntap add vmt-tun mode tun && "
          "ip link add vmt-vx type vxlan id 77 dstport 4789 local 127.0.0.1"));
  CHECK(turn(links).links);
  CHECK(find(links, "vmt-a")->master == find(links, "vmt-br")->ifindex);
  CHECK(find(links, "vmt-a")->mtu == 1400);
  CHECK(find(links, "vmt-a")->up);
  CHECK(find(links, "vmt-br")->addresses == std::set<std::string>{"192.0.2.1/24"});
  CHECK(find(links, "vmt-vx")->id == 77);
  CHECK(find(links, "vmt-tap")->kind == "tun");
  CHECK(find(links, "vmt-tap")->tap_mode);
  CHECK_FALSE(find(links, "vmt-tun")->tap_mode);
}

TEST_CASE("links: what goes") {
  if (!has_root()) return;
  OwnNamespace space;
  REQUIRE(
      run("ip link add vmt-br type bridge && ip link add vmt-a type veth peer name vmt-b && ip link set "
          "vmt-a master vmt-br"));
  LinkWatch links = watch();
  const uint32_t index = find(links, "vmt-a")->ifindex;
  REQUIRE(run("ip link set vmt-a nomaster"));  // told as RTM_DELLINK, too, in the family of bridges
  CHECK(turn(links).gone.empty());
  CHECK(find(links, "vmt-a")->master == 0);
  REQUIRE(run("ip link del vmt-a"));
  const LinkChanges changes = turn(links);
  CHECK(std::count(changes.gone.begin(), changes.gone.end(), index) == 1);
  CHECK_FALSE(find(links, "vmt-b"));
}

TEST_CASE("links: an overrun is noticed and made good") {
  if (!has_root()) return;
  OwnNamespace space;
  LinkWatch links = watch();
  const int little = 1;
  REQUIRE(::setsockopt(links.fd(), SOL_SOCKET, SO_RCVBUF, &little, sizeof(little)) == 0);
  REQUIRE(
      run("for i in $(seq 40); do ip link add vmt-$i type bridge; done; ip "
          "link del vmt-7"));
  CHECK(turn(links).links);
  CHECK(find(links, "vmt-40"));
  CHECK_FALSE(find(links, "vmt-7"));
}

TEST_CASE("qdiscs: kinds, and changes are told") {
  if (!has_root()) return;
  OwnNamespace space;
  REQUIRE(run("ip link add vmt-a type veth peer name vmt-b"));
  LinkWatch links = watch();
  const uint32_t index = find(links, "vmt-a")->ifindex;
  Netlink netlink = std::move(*Netlink::open());
  CHECK(*ingress_qdisc(netlink, index) == IngressQdisc::none);
  REQUIRE(run("tc qdisc add dev vmt-a ingress"));
  CHECK(turn(links).qdiscs.contains(index));
  CHECK(*ingress_qdisc(netlink, index) == IngressQdisc::ingress);
  CHECK_FALSE(add_clsact(netlink, index).ok());
  REQUIRE(run("tc qdisc del dev vmt-a ingress"));
  CHECK(add_clsact(netlink, index).ok());
  CHECK(*ingress_qdisc(netlink, index) == IngressQdisc::clsact);
  CHECK(filters(netlink, index, TrafficSide::egress)->empty());
  CHECK(remove_clsact(netlink, index).ok());
  CHECK(*ingress_qdisc(netlink, index) == IngressQdisc::none);
}
