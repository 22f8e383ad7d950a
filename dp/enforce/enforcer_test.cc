// What every enforcer keeps to: it comes and goes under traffic, takes over from an earlier run, and leaves
// no trace.
#include "enforce/enforcer.h"

#include <doctest/doctest.h>

#include "enforce/enforce_rig.h"

using namespace vmoat;
using namespace vmoat::test;

namespace {}  // namespace

TEST_CASE("enforcer: in and out under traffic, and nothing is lost or doubled") {
  if (!has_root()) return;
  struct {
    std::string name;
    const char* to;
    bool towards;
  } const cases[] = {
      {"to the guest", "10.9.0.1", true},
      {"from the guest", "10.9.0.2", false},
      {"to all, from the guest", "10.9.0.255", false},
      {"to all, to the guest", "10.9.0.255", true},
  };
  for (const auto& c : cases) {
    CAPTURE(c.name);
    each_enforcer([&](EnforceLab& lab) {
      Numbers numbers(c.towards ? lab.b : lab.a, c.towards ? lab.a : lab.b, c.to);
      in_and_out(lab, 10);
      numbers.until(1000);
      numbers.finish();
      CHECK(numbers.lost() == 0);
      CHECK(numbers.doubled() == 0);
    });
  }
}

TEST_CASE("enforcer: what was set on the port stays, and the host is as before when all is taken away") {
  if (!has_root()) return;
  each_enforcer([](EnforceLab& lab) {
    lab.silence();
    REQUIRE(run("bridge link set dev " + lab.a +
                " isolated on cost 42 learning off && bridge fdb replace 52:54:00:00:00:09 dev " + lab.a +
                " master static && ip link set " + lab.a + " mtu 1400"));
    ::usleep(300'000);
    const std::string before = dump();
    for (const bool gently : {true, false}) {
      lab.go(true);
      CHECK(dump() != before);
      if (gently)
        lab.go(false);
      else
        REQUIRE(lab.enforcer->remove(lab.tap).ok());
      REQUIRE(remove_given_up(lab.netlink).ok());
      CHECK(dump() == before);
      CHECK(output_of("ls " + lab.pins + "/links").empty());
    }
  });
}

TEST_CASE("enforcer: who comes after us goes on from where we were, also where the tap has gone meanwhile") {
  if (!has_root()) return;
  each_enforcer([](EnforceLab& lab) {
    lab.go(true);
    const EnforcedPath path = lab.enforcer->path(lab.tap);
    Numbers to(lab.b, lab.a, "10.9.0.1");
    ::usleep(50'000);
    lab.open();
    CHECK(lab.enforcer->taps() == std::vector<uint32_t>{lab.tap});
    CHECK(lab.enforcer->path(lab.tap).network == path.network);
    CHECK(lab.enforcer->path(lab.tap).stand_in == path.stand_in);
    lab.go(true);
    ::usleep(50'000);
    to.finish();
    CHECK(to.lost() == 0);
    CHECK(to.doubled() == 0);
    lab.enforcer.reset();
    REQUIRE(run("ip link del " + lab.a));
    lab.open();
    lab.go(false);
    CHECK(lab.enforcer->taps().empty());
    CHECK(output_of("ip -o link").find("mp." + lab.a) == std::string::npos);
    CHECK(output_of("ls " + lab.pins + "/links").empty());
  });
}

TEST_CASE(
    "enforcer: its pair keeps to the tap's MTU and says its name, and is made anew where somebody took it "
    "away") {
  if (!has_root()) return;
  each_enforcer([](EnforceLab& lab) {
    lab.go(true);
    REQUIRE(run("ip link set " + lab.a + " mtu 9000 && ip link set " + lab.a + " down && ip link set " +
                lab.a + " name vmt-other && ip link set vmt-other up"));
    lab.go(true);
    for (const char* end : {"mi.", "mp."}) {
      const std::string shown = output_of("ip link show " + (end + lab.a));
      CHECK_MESSAGE(shown.find("mtu 9000") != std::string::npos, shown);
      CHECK_MESSAGE(shown.find("alias vmoat: stands for vmt-other") != std::string::npos, shown);
    }
    REQUIRE(run("ip link del mp." + lab.a));
    lab.go(true);
    CHECK(output_of("ip link show mp.vmt-other").find("mtu 9000") != std::string::npos);
    Numbers to(lab.b, lab.a, "10.9.0.1");
    to.until(200);
    to.finish();
    CHECK(to.lost() == 0);
    lab.go(false);
    CHECK(lab.is_in_bridge());
  });
}

TEST_CASE("enforcer: what is sent out of its pair goes where the guest's frames go, once") {
  if (!has_root()) return;
  each_enforcer([](EnforceLab& lab) {
    lab.go(true);
    const Fd server = guest_socket(lab.b, SOCK_DGRAM, Numbers::usual_port);
    const Fd out(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
    const std::string mac =
        output_of("ip netns exec " + lab.b + " cat /sys/class/net/" + lab.b + "-g/address");
    REQUIRE(run("ip netns exec " + lab.b + " sysctl -q net.ipv4.conf.all.rp_filter=0"));
    std::vector<uint8_t> frame;
    frame.reserve(64);
    for (size_t i = 0; i < 6; i++)
      frame.push_back(static_cast<uint8_t>(std::stoul(mac.substr(3 * i, 2), nullptr, 16)));
    for (const int byte :
         {0x52, 0x54, 0, 0, 0,  1, 0x08, 0, 0x45, 0,    0,    32,   0, 0,  0, 0, 64, 17, 0x66, 0xb9,
          10,   9,    0, 1, 10, 9, 0,    2, 0x30, 0x39, 0x27, 0x0f, 0, 12, 0, 0, 1,  2,  3,    4})
      frame.push_back(static_cast<uint8_t>(byte));
    const sockaddr_ll to = {.sll_family = AF_PACKET,
                            .sll_ifindex = static_cast<int>(lab.enforcer->path(lab.tap).network)};
    const timeval wait = {.tv_sec = 1};
    ::setsockopt(server.get(), SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
    char got[8];
    ssize_t first = -1;
    for (int tries = 0; tries < 10 && first < 0; tries++) {
      REQUIRE(::sendto(out.get(), frame.data(), frame.size(), 0, reinterpret_cast<const sockaddr*>(&to),
                       sizeof(to)) == static_cast<ssize_t>(frame.size()));
      first = ::recv(server.get(), got, sizeof(got), 0);
    }
    CHECK(first == 4);
    CHECK(::recv(server.get(), got, sizeof(got), 0) < 0);
  });
}

TEST_CASE("enforcer: what stands in for a tap has its MTU, queues and sizes of super-frames") {
  if (!has_root()) return;
  each_enforcer([](EnforceLab& lab) {
    REQUIRE(run("ip link set " + lab.a + " mtu 4000 gso_max_size 30000 gso_max_segs 20 gro_max_size 40000"));
    const auto shape_of = [&](const std::string& link) {
      return output_of("ip -o -d link show " + link +
                       " | grep -oE '(mtu|num[rt]xqueues|g[sr]o_(ipv4_)?max_[a-z]+) [0-9]+'");
    };
    lab.go(true);
    CHECK(shape_of(lab.a).find("gso_max_size 30000") != std::string::npos);
    for (const char* end : {"mi.", "mp."}) CHECK(shape_of(end + lab.a) == shape_of(lab.a));
    lab.go(false);
  });
}

TEST_CASE("enforcer: says why it cannot serve a NIC") {
  const EnforcedNic on_bridge = {
      .tap = 1, .kind = "tun", .master = 2, .master_kind = "bridge", .seen_both_ways = true};
  const auto why = [](const EnforcerKind& kind, EnforcedNic nic, auto change) {
    change(nic);
    return kind.why_not(nic);
  };
  const auto nothing = [](EnforcedNic&) {};
  const auto alone = [](EnforcedNic& nic) { nic.master = 0, nic.master_kind = ""; };
  const auto on_ovs = [](EnforcedNic& nic) { nic.master_kind = "openvswitch"; };
  const auto filtered = [](EnforcedNic& nic) { nic.filtered = true; };
  const auto one_way = [](EnforcedNic& nic) { nic.seen_both_ways = false; };
  const auto macvtap = [](EnforcedNic& nic) { nic.kind = "macvtap", nic.master = 0, nic.master_kind = ""; };
  CHECK(why(splice_enforcer, on_bridge, nothing).empty());
  CHECK(why(splice_enforcer, on_bridge, alone).find("no bridge") != std::string::npos);
  CHECK(why(splice_enforcer, on_bridge, on_ovs).find("openvswitch") != std::string::npos);
  CHECK(why(splice_enforcer, on_bridge, filtered).find("filterref") != std::string::npos);
  CHECK_FALSE(why(splice_enforcer, on_bridge, one_way).empty());
  CHECK(why(inplace_enforcer, on_bridge, nothing).empty());
  CHECK(why(inplace_enforcer, on_bridge, alone).empty());
  CHECK(why(inplace_enforcer, on_bridge, on_ovs).empty());
  CHECK(why(inplace_enforcer, on_bridge, filtered).empty());
  CHECK_FALSE(why(inplace_enforcer, on_bridge, one_way).empty());
  CHECK(why(inplace_enforcer, on_bridge, macvtap).find("macvtap") != std::string::npos);
}
