// Splicing under traffic: two guests behind a bridge in namespaces of our own, one of them spliced and put
// back.
#include "enforce/splice.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

#include "plumb/bpffs.h"
#include "plumb/guest_lab.h"

using namespace vmoat;
using namespace vmoat::test;

namespace {

constexpr uint16_t slot = 7;
constexpr uint16_t port = 9999;

struct Lab : GuestLab {
  const std::string pins = "/sys/fs/bpf/" + unique + "-splice";
  Netlink netlink = std::move(*Netlink::open());
  std::unique_ptr<Splices> splices;

  explicit Lab(const std::string& of_bridge = "", bool tcx = true) : GuestLab(of_bridge) {
    auto opened = Splices::open({.pins = pins, .netns = 1, .tcx = tcx}, netlink);
    if (!opened) FAIL(opened.error().what);
    splices = std::move(*opened);
  }
  ~Lab() {
    (void)splices->remove(slot);
    (void)remove_tree(pins);
  }
  [[nodiscard]] uint32_t tap() const { return ::if_nametoindex(a.c_str()); }
  void prepare() const {
    const Status done = splices->prepare(slot, tap(), a);
    if (!done) FAIL(const_cast<Status&>(done).error().what);
  }
  void go(bool in) const {
    for (int tries = 0; tries < 400; tries++) {
      auto done = in ? splices->splice(slot) : splices->unsplice(slot);
      if (!done) FAIL(done.error().what);
      if (*done) return;
      ::usleep(100'000);
    }
    FAIL("the port never forwards");
  }
};

/** Numbered datagrams from one guest to another, or to all, 20 a millisecond, while it lives. */
class Numbers {
 public:
  Numbers(const std::string& from, const std::string& to, const char* address)
      : out_(guest_socket(from, SOCK_DGRAM)), in_(guest_socket(to, SOCK_DGRAM, port)) {
    const sockaddr_in at = socket_address(address, port);
    sender_ = std::thread([this, at] {
      for (uint32_t n = 0; !stop_ && n < numbers_max; n++) {
        while (::sendto(out_.get(), &n, sizeof(n), 0, reinterpret_cast<const sockaddr*>(&at), sizeof(at)) <
                   0 &&
               !stop_)
          ::usleep(100);
        sent_ = n + 1;
        if (n % 20 == 19) ::usleep(1000);
      }
    });
    receiver_ = std::thread([this] {
      const timeval wait = {.tv_usec = 200'000};
      ::setsockopt(in_.get(), SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
      for (uint32_t n; ::recv(in_.get(), &n, sizeof(n), 0) == sizeof(n) || !stop_;)
        if (n < numbers_max) seen_[n]++;
    });
  }
  ~Numbers() { finish(); }
  void finish() {
    stop_ = true;
    if (sender_.joinable()) sender_.join();
    if (receiver_.joinable()) receiver_.join();
  }
  void until(uint32_t sent) const {
    while (sent_ < sent) ::usleep(1000);
  }
  /** After finish(). */
  [[nodiscard]] long lost() const { return std::count(seen_.begin(), seen_.begin() + sent_, 0); }
  [[nodiscard]] long doubled() const {
    return std::count_if(seen_.begin(), seen_.begin() + sent_, [](uint8_t times) { return times > 1; });
  }

 private:
  static constexpr uint32_t numbers_max = 4'000'000;
  Fd out_, in_;
  std::vector<uint8_t> seen_ = std::vector<uint8_t>(numbers_max);
  std::atomic<bool> stop_ = false;
  std::atomic<uint32_t> sent_ = 0;
  std::thread sender_, receiver_;
};

void in_and_out(Lab& lab, int times) {
  for (int i = 0; i < times; i++) {
    lab.go(true);
    CHECK_FALSE((*bridge_port(lab.netlink, lab.tap())).has_value());
    ::usleep(20'000);
    lab.go(false);
    CHECK((*bridge_port(lab.netlink, lab.tap())).has_value());
    ::usleep(20'000);
  }
}

}  // namespace

TEST_CASE("splice: in and out under traffic, and nothing is lost or doubled") {
  if (!has_root()) return;
  struct {
    std::string name;
    const char* to;
    bool towards;
    bool tcx;
  } const cases[] = {
      {"to the guest", "10.9.0.1", true, true},
      {"from the guest", "10.9.0.2", false, true},
      {"to all, from the guest", "10.9.0.255", false, true},
      {"to all, to the guest", "10.9.0.255", true, true},
      {"to the guest, clsact", "10.9.0.1", true, false},
      {"from the guest, clsact", "10.9.0.2", false, false},
  };
  for (const auto& c : cases) {
    CAPTURE(c.name);
    Lab lab("", c.tcx);
    lab.prepare();
    Numbers numbers(c.towards ? lab.b : lab.a, c.towards ? lab.a : lab.b, c.to);
    in_and_out(lab, 20);
    numbers.until(1000);
    numbers.finish();
    CHECK(numbers.lost() == 0);
    CHECK(numbers.doubled() == 0);
  }
}

TEST_CASE("splice: a bridge with STP lets a port forward late, and nothing is lost for that") {
  if (!has_root()) return;
  Lab lab("stp_state 1 forward_delay 200");
  for (const std::string& tap : {lab.a, lab.b})
    while ((*bridge_port(lab.netlink, ::if_nametoindex(tap.c_str())))->state != PortState::forwarding)
      ::usleep(50'000);
  lab.prepare();
  auto early = lab.splices->splice(slot);
  REQUIRE(early.ok());
  CHECK_FALSE(*early);
  CHECK((*bridge_port(lab.netlink, lab.tap())).has_value());
  Numbers to(lab.b, lab.a, "10.9.0.1");
  in_and_out(lab, 1);
  to.finish();
  CHECK(to.lost() == 0);
  CHECK(to.doubled() == 0);
}

TEST_CASE("splice: a tap that is put back into its bridge hears nothing twice, and nothing of its own") {
  if (!has_root()) return;
  Lab lab;
  lab.prepare();
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
    CHECK((*bridge_port(lab.netlink, lab.tap())).has_value());
    lab.go(true);
    CHECK_FALSE((*bridge_port(lab.netlink, lab.tap())).has_value());
    numbers.until(1000);
    numbers.finish();
    CHECK(numbers.lost() == 0);
    CHECK(numbers.doubled() == 0);
    if (own) CHECK(received() - before < 100);
  }
}

TEST_CASE("splice: what was set on the port stays, and the bridge is as before when all is taken away") {
  if (!has_root()) return;
  Lab lab;
  const std::string dump =
      "{ ip -d link show dev vmt-br | sed 's/hello_timer.*group_fwd//'; bridge -d link show dev " + lab.a +
      "; bridge mdb show; tc qdisc show dev " + lab.a + "; } ; bridge fdb show br vmt-br | sort";
  REQUIRE(run("bridge link set dev " + lab.a +
              " isolated on cost 42 learning off && bridge fdb replace "
              "52:54:00:00:00:09 dev " +
              lab.a + " master static && ip link set " + lab.a + " mtu 1400"));
  ::usleep(300'000);
  const std::string before = output_of(dump);
  lab.prepare();
  lab.go(true);
  CHECK(output_of("bridge -d link show dev mp." + lab.a).find("isolated on") != std::string::npos);
  CHECK(output_of("ip link show mp." + lab.a).find("mtu 1400") != std::string::npos);
  CHECK(output_of("bridge fdb show dev mp." + lab.a).find("52:54:00:00:00:09") != std::string::npos);
  REQUIRE(lab.splices->remove(slot).ok());
  CHECK(output_of(dump) == before);
  CHECK(::if_nametoindex(("mp." + lab.a).c_str()) == 0);
  CHECK(lab.splices->at(slot).tap == 0);
}

TEST_CASE("splice: who comes after us goes on from where we were") {
  if (!has_root()) return;
  Lab lab;
  lab.prepare();
  lab.go(true);
  Numbers to(lab.b, lab.a, "10.9.0.1");
  ::usleep(50'000);
  lab.splices.reset();
  ::usleep(50'000);
  auto again = Splices::open({.pins = lab.pins, .netns = 1}, lab.netlink);
  REQUIRE(again.ok());
  lab.splices = std::move(*again);
  CHECK(lab.splices->at(slot).stage == VMOAT_SPLICED);
  lab.go(false);
  ::usleep(50'000);
  to.finish();
  CHECK(to.lost() == 0);
  CHECK(to.doubled() == 0);
}
