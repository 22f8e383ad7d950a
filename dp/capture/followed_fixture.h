// For tests: a guest whose client is followed, frame by frame.
#pragma once

#include <string>

#include "base/clock.h"
#include "capture/kernel_fixture.h"
#include "capture/test_frame.h"

namespace vmoat::test {

/** One thing that is read was held, and is on its way. */
struct Followed : KernelFixture {
  static constexpr uint32_t generation = 5, first = 101, content_from = first + 50;
  static constexpr uint8_t psh_ack = 24;

  explicit Followed(vmoat_content content, const vmoat_settings& settings = default_settings())
      : KernelFixture(settings) {
    REQUIRE(kernel->set_guard(slot, {.flags = VMOAT_GUARD_ON, .generation = generation}).ok());
    REQUIRE(kernel->set_divert(0, lo).ok());
    CHECK(says(first, std::string(50, 'x')) == TC_ACT_REDIRECT);
    follow(VMOAT_NOT_RETURNED, content);
  }
  int32_t says(uint32_t seq, const std::string& text, uint8_t flags = psh_ack) {
    *kernel->heartbeat(0) = static_cast<uint64_t>(monotonic_ns());
    const int32_t then = put(kernel->programs().from_nic,
                             TestFrame().ipv4(6).segment(40000, 80, flags, seq, 501).text(text).done());
    if (then == TC_ACT_REDIRECT) held++;
    return then;
  }
  void follow(uint16_t returned, vmoat_content content) {
    kernel->answers(0)[0] = {.key = flows().at(0).key,
                             .ask = VMOAT_ASK_VERDICT,
                             .verdict = {vmoat_verdict_word(generation, VMOAT_FOLLOW),
                                         vmoat_verdict_word(generation, VMOAT_ALLOW)},
                             .returned = {returned, VMOAT_RETURNED_ALL},
                             .content = content};
    REQUIRE(kernel->answer(0, 1));
  }

  uint8_t held = 0;  // number of the last frame that was
};

}  // namespace vmoat::test
