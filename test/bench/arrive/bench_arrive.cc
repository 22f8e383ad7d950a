// bench_arrive: plugs taps into a bridge as libvirt would, and times how long it takes until the kernel
// guards each by its policy. Runs in vmoat-dp's network namespace; whoever started it tells vmoat whose the
// taps are.
#include <bpf/bpf.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/fd.h"
#include "capture/tap_kernel.h"
#include "plumb/bpffs.h"
#include "plumb/bridge.h"
#include "plumb/netlink.h"
#include "plumb/veth.h"

using namespace vmoat;

namespace {

constexpr const char* bridge = "vmt-br";
constexpr int64_t patience_ns = 60'000'000'000;
constexpr useconds_t look_us = 300, pause_us = 400'000;

[[noreturn]] void die(const std::string& what) {
  std::fprintf(stderr, "%s\n", what.c_str());
  std::exit(1);
}

template <class Value>
Value need(Result<Value> result) {
  if (!result) die(result.error().what);
  return std::move(*result);
}

void need(Status status) {
  if (!status) die(status.error().what);
}

void say(const char* what, const std::string& tap) {
  std::printf("{\"%s\":\"%s\"}\n", what, tap.c_str());
  std::fflush(stdout);
}

/** A tap that is there while it lives, with a MAC address as libvirt gives one. */
class Tap {
 public:
  Tap(Netlink& netlink, int number)
      : name_("vnet" + std::to_string(number)),
        fd_(::open("/dev/net/tun", O_RDWR | O_CLOEXEC)),
        begun_ns_(monotonic_ns()) {
    ifreq request = {};
    request.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR;
    name_.copy(request.ifr_name, IFNAMSIZ - 1);
    if (::ioctl(fd_.get(), TUNSETIFF, &request) != 0) die("cannot make a tap");
    ifindex_ = ::if_nametoindex(name_.c_str());
    const auto low = static_cast<uint8_t>(number), high = static_cast<uint8_t>(number >> 8);
    need(set_mac(netlink, ifindex_, {0xfe, 0x54, 0, 0, high, low}));
    need(set_master(netlink, ifindex_, ::if_nametoindex(bridge)));
    need(set_up(netlink, ifindex_));
    say("made", name_);
  }
  ~Tap() {
    if (fd_.get() >= 0) say("gone", name_);
  }
  Tap(Tap&&) = default;
  Tap& operator=(Tap&&) = delete;

  [[nodiscard]] uint32_t ifindex() const { return ifindex_; }
  [[nodiscard]] int64_t age_ns() const { return monotonic_ns() - begun_ns_; }

 private:
  std::string name_;
  Fd fd_;
  int64_t begun_ns_;
  uint32_t ifindex_ = 0;
};

/** What the programs on the taps go by. */
class Guards {
 public:
  explicit Guards(const std::string& pin_root)
      : taps_(need(open_pin(pin_directory(pin_root) + "/maps/taps"))),
        guards_(need(open_pin(pin_directory(pin_root) + "/maps/guards"))) {}

  /** Nothing of its flows is decided by anything but its policy. */
  [[nodiscard]] bool is_in_force(uint32_t ifindex) const {
    const vmoat_tap_id id = {netns_, ifindex};
    vmoat_tap tap = {};
    if (bpf_map_lookup_elem(taps_.get(), &id, &tap) != 0) return false;
    const vmoat_guard guard = at(tap.slot);
    const bool is_on = (guard.flags & (VMOAT_GUARD_ON | VMOAT_WAITING)) == VMOAT_GUARD_ON;
    return is_on && guard.generation == at(VMOAT_ANY_NIC).generation;
  }

 private:
  [[nodiscard]] vmoat_guard at(uint32_t slot) const {
    vmoat_guard guard = {};
    bpf_map_lookup_elem(guards_.get(), &slot, &guard);
    return guard;
  }

  const uint32_t netns_ = need(own_netns());
  Fd taps_, guards_;
};

void await(const Guards& guards, const Tap& tap) {
  while (!guards.is_in_force(tap.ifindex())) {
    if (tap.age_ns() > patience_ns) die("a tap has no policy");
    ::usleep(look_us);
  }
}

void arrive(Netlink& netlink, const Guards& guards, int there, int rounds) {
  std::vector<Tap> taps;
  for (int number = 1; number <= there; number++) taps.emplace_back(netlink, number);
  for (const Tap& tap : taps) await(guards, tap);
  for (int round = 0; round < rounds; round++) {
    ::usleep(pause_us);
    const Tap tap(netlink, there + 1);
    await(guards, tap);
    std::printf("{\"value\":%.3f}\n", static_cast<double>(tap.age_ns()) / 1e6);
    std::fflush(stdout);
    ::usleep(pause_us);
  }
}

}  // namespace

/** bench_arrive PIN_ROOT THERE ROUNDS: times of ROUNDS taps, one after the other, beside THERE others. */
int main(int argc, char** argv) {
  if (argc != 4) die("usage: bench_arrive PIN_ROOT THERE ROUNDS");
  Netlink netlink = need(Netlink::open());
  if (std::system("ip link add vmt-br type bridge && ip link set vmt-br up") != 0)
    die("cannot make a bridge");
  arrive(netlink, Guards(argv[1]), std::atoi(argv[2]), std::atoi(argv[3]));
}
