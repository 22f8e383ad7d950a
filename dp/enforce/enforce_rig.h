// For tests of enforcers: guests behind a bridge, an enforcer for the tap of one of them, and numbered
// traffic.
#pragma once

#include <linux/if_packet.h>

#include <memory>
#include <string>

#include "enforce/enforcer.h"
#include "enforce/stand_in.h"
#include "enforce/wall.h"
#include "plumb/bpffs.h"
#include "plumb/bridge.h"
#include "plumb/numbers.h"
#include "plumb/test_kernel.h"

namespace vmoat::test {

/** A kind for the tap of guest a, by one of the hooks. */
struct EnforceLab : GuestLab {
  const EnforcerKind& kind;
  const bool tcx;
  const std::string pins = "/sys/fs/bpf/" + unique + "-enforce";
  Netlink netlink = std::move(*Netlink::open());
  Wall wall = std::move(*Wall::load());
  const uint32_t tap = ::if_nametoindex(a.c_str());
  std::unique_ptr<Enforcer> enforcer;

  explicit EnforceLab(const EnforcerKind& of_kind, bool by_tcx = hooks_by_tcx().front(),
                      const std::string& of_bridge = "")
      : GuestLab(of_bridge), kind(of_kind), tcx(by_tcx) {
    if (!tcx) REQUIRE(run("tc qdisc add dev " + a + " clsact"));  // as the tap's own hook has it
    open();
  }
  ~EnforceLab() {
    (void)enforcer->remove(tap);
    (void)remove_tree(pins);
  }
  /** Whoever comes after us. */
  void open() {
    enforcer.reset();
    auto opened =
        kind.open({.pins = pins, .netns = 1, .tcx = tcx, .wall = wall.program(), .reinjected = 77}, netlink);
    if (!opened) FAIL(opened.error().what);
    enforcer = std::move(*opened);
  }
  [[nodiscard]] std::map<uint32_t, Link> links() const { return LinkWatch::open()->links(); }
  [[nodiscard]] EnforcedNic nic() const {
    const std::map<uint32_t, Link> all = links();
    return {.tap = tap, .name = all.at(tap).name, .seen_both_ways = true};
  }
  /** As far as it goes without waiting for anything outside. */
  [[nodiscard]] Progress step(bool in) {
    for (;;) {
      auto done = in ? enforcer->begin(nic(), links()) : enforcer->end(tap);
      if (!done) FAIL(done.error().what);
      if (!in) REQUIRE(remove_given_up(netlink).ok());
      if (*done != Progress::after_grace) return *done;
      let_pass();
    }
  }
  void go(bool in) {
    for (int tries = 0; tries < 400; tries++) {
      if (step(in) == Progress::done) return;
      ::usleep(100'000);
    }
    FAIL("it never gets there");
  }
  [[nodiscard]] bool is_in_bridge(const std::string& bridge = "vmt-br") {
    auto at = bridge_port(netlink, tap);
    return at && *at && (*at)->bridge == ::if_nametoindex(bridge.c_str());
  }
};

/** Runs a test for every enforcer of the registry, by every hook. `bridge` as EnforceLab has it. */
template <class Test>
void each_enforcer(Test test, const std::string& bridge = "") {
  for (const EnforcerKind& kind : enforcers())
    for (const bool tcx : hooks_by_tcx()) {
      const std::string which = std::string(kind.name) + (tcx ? " by TCX" : " by clsact");
      CAPTURE(which);
      EnforceLab lab(kind, tcx, bridge);
      test(lab);
    }
}

inline void in_and_out(EnforceLab& lab, int times) {
  for (int i = 0; i < times; i++) {
    lab.go(true);
    CHECK(lab.enforcer->taps() == std::vector<uint32_t>{lab.tap});
    ::usleep(20'000);
    lab.go(false);
    CHECK(lab.is_in_bridge());
    CHECK(lab.enforcer->taps().empty());
    ::usleep(20'000);
  }
}

/** What the host shows of itself, but for what moves by itself. */
inline std::string dump() {
  return output_of(
      "ip -o -d link | sed -E 's/[a-z_]+timer +[0-9.]+//g'; bridge -d link; bridge vlan; bridge mdb; "
      "bridge fdb | sort; tc qdisc");
}

}  // namespace vmoat::test
