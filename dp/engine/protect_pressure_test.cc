// A guard under pressure: policies that change while a sender floods, tables and budgets that are full, a
// worker that hangs, a guest that sends before anybody knows it. Whatever gives way, what no rule allows does
// not pass.
#include "engine/bypass_rig.h"
#include "engine/hung_worker.h"

namespace vmoat::test {
namespace {

/** One flow's datagrams, without end: each bears a number of its own. */
class Flood {
 public:
  Flood(BypassRig& rig, uint32_t first) : rig_(rig), next_(first) {
    sending_ = std::thread([this] {
      for (; !stop_; next_++, ::usleep(200)) rig_.card_a.send(numbered(next_));
    });
  }
  ~Flood() {
    stop_ = true;
    sending_.join();
  }
  /** Whether none of those that are sent from now on arrives for a while. */
  bool is_cut() {
    const uint32_t from = next_ + 1;
    ::usleep(200'000);
    const uint32_t to = next_;
    for (uint32_t n = from; n < to; n++)
      if (rig_.card_b.heard({.number = n}) != 0) return false;
    return to > from;
  }
  bool flows() {
    // a frame of the flood may find a queue full: any one of them
    uint32_t looked = next_;
    return wait_for([&] {
      for (const uint32_t until = next_; looked < until;)
        if (rig_.card_b.heard({.number = ++looked}) != 0) return true;
      return false;
    });
  }

 private:
  /** Of one flow. */
  [[nodiscard]] Buffer numbered(uint32_t number) const {
    const Talk flow = {rig_.a, rig_.b, 4, 1'000'000}, one = {rig_.a, rig_.b, 4, number};
    return flow.frame(flow.ip(proto_udp, udp(flow.port(), open_port, one.mark())));
  }

  BypassRig& rig_;
  std::atomic<uint32_t> next_;
  std::atomic<bool> stop_ = false;
  std::thread sending_;
};

/** A policy's cut is complete within a second of its being told; a busy machine gets a little more. */
void allow(BypassRig& rig, bool open) {
  rig.allows = open;
  rig.apply();
}

/** What a guest can fill. */
struct Scarcity {
  const char* name;
  DataplaneConfig config;
  Causes causes;  // that its flood is dropped for
};

DataplaneConfig with(auto change) {
  DataplaneConfig config = small_tables();
  change(config);
  return config;
}

/** Datagrams of as many flows to a port. */
void begin_flows(BypassRig& rig, uint16_t port, size_t count) {
  for (size_t i = 0; i < count; i++) rig.card_a.send(rig.talk(VMOAT_TO_NIC, 4).udp_frame(port));
}

void none_passes_when_scarce(BypassRig& rig, Causes causes) {
  const Talk decided = rig.talk(VMOAT_TO_NIC, 4);
  const auto passes = [&](size_t times) {
    rig.card_a.send(decided.udp_frame(open_port));
    return BypassRig::arrives(rig.card_b, decided, times, 200);
  };
  REQUIRE(wait_for([&] { return passes(1); }));
  const uint32_t first = rig.talks + 1;
  begin_flows(rig, closed_port, 3000);
  CHECK(wait_for([&] { return passes(rig.card_b.heard(decided) + 1); }));
  size_t heard = 0;
  for (uint32_t n = first; n <= rig.talks; n++) heard += rig.card_b.heard({.number = n});
  CAPTURE(rig.counted(VMOAT_TO_NIC, because(VMOAT_FAILED_OPEN)));
  CHECK(heard == 0);
  CHECK(rig.counts(VMOAT_TO_NIC, causes, 1));
}

}  // namespace

TEST_CASE("bypass: a policy that changes while a sender floods") {
  each_bypass(
      [](BypassRig& rig) {
        Flood flood(rig, 2'000'000);
        REQUIRE(flood.flows());
        for (int i = 0; i < 2; i++) {
          allow(rig, false);
          ::usleep(1'000'000);
          CHECK(flood.is_cut());
          allow(rig, true);
          CHECK(flood.flows());
        }
        for (int i = 0; i < 20; i++, ::usleep(20'000)) allow(rig, i % 2 == 0);
        allow(rig, false);
        ::usleep(1'000'000);
        CHECK(flood.is_cut());
        CHECK(rig.counted(VMOAT_TO_NIC, for_verdict) > 0);
      },
      one_hook);
}

TEST_CASE("bypass: full tables and spent budgets") {
  const Scarcity scarcities[] = {
      {"flows of all NICs", with([](auto& c) { c.flows_max = 128; }), because(VMOAT_NO_FLOW)},
      {"flows of a NIC", with([](auto& c) { c.flows_per_nic_max = 64; }), because(VMOAT_NO_FLOW)},
      {"upcalls", with([](auto& c) { c.upcalls_per_second = 100, c.upcalls_burst = 50; }),
       because(VMOAT_NO_BUDGET)},
      {"a worker's queue", with([](auto& c) { c.held_bytes_per_nic_max = 4096; }), because(VMOAT_NO_BUDGET)},
      {"sessions", with([](auto& c) { c.sessions_max = 64; }), for_verdict},
      {"the ring", with([](auto& c) { c.ring_bytes = 4096; }), for_verdict},
  };
  for (const Scarcity& scarcity : scarcities) {
    const std::string what = scarcity.name;
    CAPTURE(what);
    each_bypass([&](BypassRig& rig) { none_passes_when_scarce(rig, scarcity.causes); }, one_hook,
                scarcity.config);
  }
}

TEST_CASE("bypass: fragment memory that is full") {
  each_bypass(
      [](BypassRig& rig) {
        const auto fragmented = [](const Talk& t, uint16_t port) {
          return t.pieces(proto_udp, t.datagram(port, 6), {16, 32});
        };
        const uint32_t first = rig.talks + 1;
        for (int i = 0; i < 2000; i++)  // of datagrams that never begin
          rig.card_a.send(fragmented(rig.talk(VMOAT_TO_NIC, i % 2 == 0 ? 4 : 6), open_port)[1]);
        for (const int family : {4, 6}) {
          std::vector<Buffer> late = fragmented(rig.talk(VMOAT_TO_NIC, family), closed_port);
          std::ranges::reverse(late);
          rig.card_a.send(late);
          rig.card_a.send(fragmented(rig.talk(VMOAT_TO_NIC, family), closed_port));
        }
        CHECK(rig.counts(VMOAT_TO_NIC, for_refused, 1));
        CHECK(wait_for([&] {
          const Talk allowed = rig.talk(VMOAT_TO_NIC, 4);
          rig.card_a.send(fragmented(allowed, open_port));
          if (!BypassRig::arrives(rig.card_b, allowed, 3, 200)) return false;
          return rig.card_b.heard({.number = allowed.number}) == 3;
        }));
        CAPTURE(rig.counted(VMOAT_TO_NIC, because(VMOAT_FAILED_OPEN)));
        for (uint32_t n = first; n < first + 2004; n++) REQUIRE(rig.card_b.heard({.number = n}) == 0);
      },
      one_hook, with([](auto& c) { c.fragments.bytes_max = 4096; }));
}

TEST_CASE("bypass: floods to many") {
  each_bypass(
      [](BypassRig& rig) {
        const uint32_t first = rig.talks + 1;
        for (int i = 0; i < 2000; i++)
          for (const End& to : {multicast_end, broadcast_end, all_nodes})
            rig.card_a.send(rig.talk(VMOAT_TO_NIC, 4).towards(to).udp_frame(closed_port));
        CHECK(rig.alive_soon(VMOAT_TO_NIC, 4));
        for (uint32_t n = first; n < first + 6000; n++) REQUIRE(rig.card_b.heard({.number = n}) == 0);
        CHECK(
            rig.counts(VMOAT_TO_NIC, for_verdict | because(VMOAT_NO_BUDGET) | because(VMOAT_NO_FLOW), 1000));
      },
      one_hook);
}

TEST_CASE("bypass: a worker that hangs, fail policy closed") {
  each_bypass(
      [](BypassRig& rig) {
        rig.rig.fails_closed = true;
        rig.in_force();
        ::usleep(200'000);
        for (const vmoat_way way : {VMOAT_TO_NIC, VMOAT_FROM_NIC}) {
          const HungWorker hung;
          ::usleep(500'000);
          const uint64_t before = rig.counted(way, because(VMOAT_FAILED_CLOSED));
          const Talk denied = rig.talk(way, 4), undecided = rig.talk(way, 4);
          rig.sender(way).send(denied.udp_frame(closed_port));
          rig.sender(way).send(undecided.udp_frame(application_port));
          CHECK(rig.counts(way, because(VMOAT_FAILED_CLOSED), before + 2));
          CHECK(rig.receiver(way).heard(denied) == 0);
          CHECK(rig.receiver(way).heard(undecided) == 0);
        }
        CHECK(rig.alive_soon(VMOAT_TO_NIC, 4));
      },
      one_hook);
}

TEST_CASE("bypass: a guest that sends before its policy is in") {
  each_bypass([](BypassRig& rig) {
    const std::string d = rig.rig.lab.unique + "d", end = d + "-g";
    REQUIRE(run("ip netns add " + d + " && ip link add " + d + " type veth peer name " + end +
                " && ip link set " + end + " netns " + d + " && ip -n " + d + " link set " + end + " up"));
    // else a kernel without TCX leaves it alone for a while, for libvirt's <bandwidth>: libvirt's hook guards
    // it then
    rig.rig.dp->expect({{.tap = d, .mac = "52:54:00:00:00:44"}});
    ::usleep(100'000);
    std::atomic<bool> stop = false;
    Card card(d);
    const Talk early = {{{0x02, 0, 0, 0, 0, 0x44}, {10, 9, 0, 4}, rig.c.v6}, rig.a, 4, ++rig.talks};
    std::thread sending([&] {
      for (; !stop; ::usleep(100)) card.try_send(early.udp_frame(open_port));
    });
    CHECK(run("ip link set " + d + " up && ip link set " + d + " master vmt-br"));
    CHECK(rig.rig.sink.slot_of(d) != no_slot);
    ::usleep(300'000);
    CHECK(rig.card_a.heard(early) == 0);
    CHECK(
        wait_for([&] { return rig.rig.sink.nic(d).protection.frames[VMOAT_FROM_NIC][VMOAT_NO_POLICY] > 0; }));
    CHECK(rig.rig.sink.nic(d).protection.state == NicProtection::State::waiting);
    PolicyTables known = rig.policy();
    known.nics.push_back({.tap = d, .groups = {0, 3}});
    rig.rig.dp->policy(std::move(known));
    CHECK(BypassRig::arrives(rig.card_a, early, 1, 10'000));
    stop = true;
    sending.join();
    CHECK(run("ip netns del " + d));
  });
}
}  // namespace vmoat::test
