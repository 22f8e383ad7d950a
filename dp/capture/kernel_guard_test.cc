// A guard in the kernel: what passes, and what goes to the engine, by what that has said of the flow.
#include <doctest/doctest.h>

#include "capture/followed_fixture.h"

using namespace vmoat;
using namespace vmoat::test;

namespace {

/** What its client says next is content. */
struct Uploads : Followed {
  static constexpr uint32_t content_bytes = 1 << 20;
  static constexpr vmoat_content content = {content_from + content_bytes, content_bytes};

  Uploads() : Followed(content) {}
  int32_t begins() { return says(first, std::string(50, 'x')); }
  int32_t goes_on() { return says(content_from + 50 * said++, std::string(50, 'x')); }
  void follow(uint16_t returned) { Followed::follow(returned, content); }

  uint32_t said = 0;
};

}  // namespace

TEST_CASE("kernel guard: content overtakes nothing of its flow that was held") {
  if (!has_root()) return;
  Uploads client;
  CHECK(client.goes_on() == TC_ACT_REDIRECT);
  client.follow(1);
  CHECK(client.goes_on() == TC_ACT_REDIRECT);  // the second is on its way
  client.follow(3);
  CHECK(client.goes_on() == TC_ACT_UNSPEC);
  CHECK(client.goes_on() == TC_ACT_UNSPEC);
  CHECK(client.begins() == TC_ACT_REDIRECT);  // once more, and no content
  CHECK(client.goes_on() == TC_ACT_REDIRECT);
  client.follow(5);
  CHECK(client.goes_on() == TC_ACT_UNSPEC);
}

TEST_CASE("kernel guard: an answer to an earlier frame is none to a later one") {
  if (!has_root()) return;
  Uploads client;
  client.follow(1);
  CHECK(client.goes_on() == TC_ACT_UNSPEC);
  CHECK(client.begins() == TC_ACT_REDIRECT);
  client.follow(1);
  CHECK(client.goes_on() == TC_ACT_REDIRECT);
  client.follow(3);
  CHECK(client.goes_on() == TC_ACT_UNSPEC);
  for (int i = 0; i < 250; i++) REQUIRE(client.begins() == TC_ACT_REDIRECT);
  client.follow(static_cast<uint8_t>(3 + 250));
  CHECK(client.goes_on() == TC_ACT_UNSPEC);  // by number 253, and on from 254
  for (int i = 0; i < 9; i++) REQUIRE(client.begins() == TC_ACT_REDIRECT);
  client.follow(static_cast<uint8_t>(3 + 250 + 9));
  CHECK(client.goes_on() == TC_ACT_UNSPEC);
}

TEST_CASE("kernel guard: who sends faster than the engine reads is not held for ever") {
  if (!has_root()) return;
  Uploads client;
  uint32_t held = 1;
  while (held < 1000 && client.goes_on() == TC_ACT_REDIRECT) held++;
  CHECK(held == VMOAT_HELD_IN_ORDER + 1);
}

TEST_CASE("kernel guard: of what passes while nobody reads it, the flow says when, and content is none") {
  if (!has_root()) return;
  Uploads client;
  client.follow(1);
  const auto unread_ns = [&] { return client.flows().at(0).flow.unread_ns; };
  const auto says_alone = [&](uint32_t seq) {  // the engine hangs
    *client.kernel->heartbeat(0) = 0;
    return client.put(client.kernel->programs().from_nic,
                      TestFrame().ipv4(6).segment(40000, 80, 24, seq, 501).text("x").done());
  };
  CHECK(says_alone(Uploads::first) == TC_ACT_SHOT);  // closed
  CHECK(unread_ns() == 0);
  REQUIRE(client.kernel
              ->set_guard(Uploads::slot,
                          {.flags = VMOAT_GUARD_ON | VMOAT_FAIL_OPEN, .generation = Uploads::generation})
              .ok());
  CHECK(says_alone(Uploads::content_from) == TC_ACT_UNSPEC);
  CHECK(unread_ns() == 0);
  const auto before_ns = static_cast<uint64_t>(monotonic_ns());
  CHECK(says_alone(Uploads::first) == TC_ACT_UNSPEC);
  CHECK(unread_ns() >= before_ns);
}

TEST_CASE("kernel guard: what a NIC has on its way to a worker is its share of the queue at most") {
  if (!has_root()) return;
  constexpr uint32_t share = 4096;
  vmoat_settings settings = KernelFixture::default_settings();
  settings.held_bytes_per_nic = share;
  Followed client({}, settings);
  const std::string text(50, 'x');
  const std::span<uint64_t> on_way = client.kernel->on_way(0);
  const uint64_t cost = on_way[Followed::slot];
  REQUIRE(cost == vmoat_held_cost(14 + 20 + 20 + 50));
  while (on_way[Followed::slot] < share) REQUIRE(client.says(Followed::first, text) == TC_ACT_REDIRECT);
  CHECK(client.says(Followed::first, text) == TC_ACT_SHOT);
  const auto dropped = [&] {
    return client.kernel->nic_counters(Followed::slot).guarded[VMOAT_FROM_NIC][VMOAT_NO_BUDGET];
  };
  CHECK(dropped() == 1);
  on_way[Followed::slot] -= cost;  // the worker has taken one
  CHECK(client.says(Followed::first, text) == TC_ACT_REDIRECT);
  CHECK(client.says(Followed::first, text) == TC_ACT_SHOT);
  on_way[Followed::slot] = -cost;  // and one that nobody counted
  CHECK(client.says(Followed::first, text) == TC_ACT_REDIRECT);
  CHECK(dropped() == 2);
}
