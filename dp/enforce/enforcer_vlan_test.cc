// Enforcers on a bridge that filters VLANs: nobody comes into a VLAN in which the tap was not, be it for a
// moment.
#include <doctest/doctest.h>
#include <poll.h>

#include <array>

#include "enforce/enforce_rig.h"

using namespace vmoat;
using namespace vmoat::test;

namespace {

constexpr const char* filtering = "vlan_filtering 1";
constexpr uint16_t out_port = 9998, in_port = 9997;

void vlans(const std::string& link, const std::string& added) {
  REQUIRE(run("bridge vlan del dev " + link + " vid 1"));
  REQUIRE(run("for v in " + added + "; do bridge vlan add dev " + link + " vid $v; done"));
}

/** Guests a and b are in VLAN 100, guest c in the one that a new port comes into by itself. */
void separate(const EnforceLab& lab) {
  for (const std::string& tap : {lab.a, lab.b}) {
    vlans(tap, "200 300-305");
    for (const char* untagged : {"100 pvid untagged", "400 untagged"})
      REQUIRE(run("bridge vlan add dev " + tap + " vid " + untagged));
  }
}

/** What is set on a port, without its name. */
std::string port_of(const std::string& link) {
  return output_of("(bridge -d link show dev " + link + "; bridge vlan show dev " + link +
                   ") | sed -E 's/^[0-9].* master/master/; s/" + link + "//; s/ +/ /g'");
}

/** What stands for guest a in the bridge. */
std::string stands_in(const EnforceLab& lab) {
  return lab.enforcer->path(lab.tap).stand_in != 0 ? "mp." + lab.a : lab.a;
}

/** A broadcast that guest c would hear, out of where an enforcer sends what was held, while it lives. */
class Injector {
 public:
  explicit Injector(uint32_t ifindex)
      : to_{.sll_family = AF_PACKET, .sll_ifindex = static_cast<int>(ifindex)} {
    sending_ = std::thread([this] {
      const Fd out(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
      while (out && !stop_)
        if (::sendto(out.get(), frame.data(), frame.size(), 0, reinterpret_cast<const sockaddr*>(&to_),
                     sizeof(to_)) < 0)
          ::usleep(100);
    });
  }
  ~Injector() {
    stop_ = true;
    sending_.join();
  }

 private:
  // UDP from 10.9.0.1 to everybody's port 9998
  static constexpr std::array<uint8_t, 46> frame = {
      0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x52, 0x54, 0,    0,    0,  1, 0x08, 0, 0x45, 0,
      0,    32,   0,    0,    0,    0,    64,   17,   0x70, 0xc4, 10, 9, 0,    1, 0xff, 0xff,
      0xff, 0xff, 0x30, 0x39, 0x27, 0x0e, 0,    12,   0,    0,    1,  2, 3,    4};
  sockaddr_ll to_;
  std::atomic<bool> stop_ = false;
  std::thread sending_;
};

/** For every enforcer, where separate() has been. */
template <class Test>
void each_separate(Test test) {
  if (!has_root() || !has_vlan_filtering()) return;
  each_enforcer(
      [&](EnforceLab& lab) {
        separate(lab);
        test(lab);
      },
      filtering);
}

bool hears(const Fd& socket, int wait_ms) {
  pollfd ready = {socket.get(), POLLIN, 0};
  return ::poll(&ready, 1, wait_ms) == 1;
}

}  // namespace

TEST_CASE(
    "VLANs: what stands for a tap is in the tap's, with all that was set, and so is the tap afterwards") {
  if (!has_root() || !has_vlan_filtering()) return;
  each_enforcer(
      [](EnforceLab& lab) {
        lab.silence();
        separate(lab);
        REQUIRE(
            run("bridge link set dev " + lab.a +
                " cost 42 priority 9 hairpin on guard on root_block on fastleave on learning off "
                "flood off mcast_flood off bcast_flood off isolated on neigh_suppress on mcast_router 2 && "
                "bridge fdb replace 52:54:00:00:00:09 dev " +
                lab.a + " master static vlan 200"));
        ::usleep(300'000);
        const std::string before = dump(), port = port_of(lab.a);
        for (const bool gently : {true, false}) {
          lab.go(true);
          CHECK(port_of(stands_in(lab)) == port);
          if (gently)
            lab.go(false);
          else
            REQUIRE((lab.enforcer->remove(lab.tap).ok() && remove_given_up(lab.netlink).ok()));
          CHECK(dump() == before);
        }
      },
      filtering);
}

TEST_CASE("VLANs: switching lets nothing into another one, and loses nothing of its own") {
  each_separate([](EnforceLab& lab) {
    Numbers own(lab.b, lab.a, "10.9.0.255", 5), out(lab.a, lab.c, "10.9.0.255", 2, out_port),
        in(lab.c, lab.a, "10.9.0.255", 2, in_port);
    in_and_out(lab, 10);
    for (Numbers* numbers : {&own, &out, &in}) numbers->finish();
    CHECK(own.lost() == 0);
    CHECK(own.doubled() == 0);
    for (const Numbers* strange : {&out, &in}) {
      CHECK(strange->sent() > 0);
      CHECK(strange->lost() == strange->sent());
    }
  });
}

TEST_CASE("VLANs: what an operator changes at what stands for a tap stays the tap's") {
  each_separate([](EnforceLab& lab) {
    lab.go(true);
    const std::string at = stands_in(lab);
    REQUIRE(run("bridge vlan del dev " + at + " vid 200 && bridge vlan add dev " + at +
                " vid 500 && bridge link set dev " + at + " isolated on"));
    lab.go(true);
    const std::string port = port_of(at);
    lab.go(false);
    CHECK(port_of(lab.a) == port);
  });
}

TEST_CASE("VLANs: a tap that is put into another bridge brings its port into its VLANs there and no others") {
  if (!has_root() || !has_vlan_filtering()) return;
  EnforceLab lab(splice_enforcer, hooks_by_tcx().front(), filtering);
  separate(lab);
  REQUIRE(run("ip link add vmt-br2 type bridge vlan_filtering 1 && ip link set vmt-br2 up && ip link set " +
              lab.c + " master vmt-br2"));
  const Fd stranger = guest_socket(lab.c, SOCK_DGRAM, out_port);
  lab.go(true);
  const Injector held(lab.enforcer->path(lab.tap).network);
  REQUIRE(run("ip link set " + lab.a + " master vmt-br2"));
  vlans(lab.a, "700");
  lab.go(true);
  CHECK(output_of("ip -o link show dev mp." + lab.a).find("master vmt-br2") != std::string::npos);
  CHECK(port_of("mp." + lab.a).find("700") != std::string::npos);
  CHECK(port_of("mp." + lab.a).find("PVID") == std::string::npos);
  CHECK_FALSE(hears(stranger, 0));
  for (const std::string& link : {"mp." + lab.a, lab.c})
    REQUIRE(run("bridge vlan add dev " + link + " vid 700 pvid untagged"));
  CHECK(hears(stranger, 2000));
}

TEST_CASE("VLANs: a port that somebody takes away leaves its tap in the tap's own") {
  if (!has_root() || !has_vlan_filtering()) return;
  EnforceLab lab(splice_enforcer, hooks_by_tcx().front(), filtering);
  separate(lab);
  const std::string port = port_of(lab.a);
  for (const bool is_new : {false, true}) {
    CAPTURE(is_new);
    lab.go(true);
    if (is_new) lab.open();
    if (is_new) lab.go(true);
    Numbers out(lab.a, lab.c, "10.9.0.255", 5, out_port);
    ::usleep(20'000);
    REQUIRE(run("ip link del mp." + lab.a));
    lab.go(true);
    CHECK(port_of("mp." + lab.a) == port);
    out.finish();
    CHECK(out.lost() == out.sent());
    lab.go(false);
    CHECK(port_of(lab.a) == port);
  }
}
