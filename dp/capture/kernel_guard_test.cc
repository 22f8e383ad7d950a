// A guard in the kernel: what passes, and what goes to the engine, by what that has said of the flow.
#include <doctest/doctest.h>

#include "base/clock.h"
#include "capture/kernel_fixture.h"
#include "capture/test_frame.h"

using namespace vmoat;
using namespace vmoat::test;

namespace {

constexpr uint32_t generation = 5, first = 101, content_from = first + 50;
constexpr uint8_t psh_ack = 24;

/** A guest whose client says one thing that is read, and then content. */
struct Followed : KernelFixture {
  Followed() {
    REQUIRE(kernel->set_guard(slot, {.flags = VMOAT_GUARD_ON, .generation = generation}).ok());
    REQUIRE(kernel->set_divert(0, lo).ok());
    CHECK(says(first) == TC_ACT_REDIRECT);
    follow(VMOAT_NOT_RETURNED);  // it is on its way
  }
  int32_t says(uint32_t seq) {
    *kernel->heartbeat(0) = static_cast<uint64_t>(monotonic_ns());
    return put(kernel->programs().from_nic,
               TestFrame().ipv4(6).segment(40000, 80, psh_ack, seq, 501).payload(50).done());
  }
  /** What is said next, which is content. */
  int32_t goes_on() { return says(content_from + 50 * said++); }
  void follow(uint16_t returned) {
    kernel->answers(0)[0] = {.key = flows().at(0).key,
                             .ask = VMOAT_ASK_VERDICT,
                             .verdict = {vmoat_verdict_word(generation, VMOAT_FOLLOW),
                                         vmoat_verdict_word(generation, VMOAT_ALLOW)},
                             .returned = {returned, VMOAT_RETURNED_ALL},
                             .content = {content_from, content_from + (1 << 20)}};
    REQUIRE(kernel->answer(0, 1));
  }

  uint32_t said = 0;
};

}  // namespace

TEST_CASE("kernel guard: content overtakes nothing of its flow that was held") {
  if (!has_root()) return;
  Followed client;
  CHECK(client.goes_on() == TC_ACT_REDIRECT);
  client.follow(1);
  CHECK(client.goes_on() == TC_ACT_REDIRECT);  // the second is on its way
  client.follow(3);
  CHECK(client.goes_on() == TC_ACT_UNSPEC);
  CHECK(client.goes_on() == TC_ACT_UNSPEC);
  CHECK(client.says(first) == TC_ACT_REDIRECT);  // once more, and no content
  CHECK(client.goes_on() == TC_ACT_REDIRECT);
  client.follow(2);
  CHECK(client.goes_on() == TC_ACT_UNSPEC);
}

TEST_CASE("kernel guard: who sends faster than the engine reads is not held for ever") {
  if (!has_root()) return;
  Followed client;
  uint32_t held = 1;
  while (held < 1000 && client.goes_on() == TC_ACT_REDIRECT) held++;
  CHECK(held == VMOAT_HELD_IN_ORDER + 1);
}
