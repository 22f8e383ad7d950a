#include <doctest/doctest.h>

#include "apps/sample.h"

namespace vmoat {

extern const std::vector<Sample> rtp_samples;
const std::vector<Sample> rtp_samples = {
    {.name = "media",
     .client = hex("80 00 0001 000000a0 01020304") + std::string(160, 'u'),
     .transport = over_udp,
     .server_port = 40000,
     .symmetric = true,
     .expected = true},
};

TEST_CASE("rtp: only where it was announced, and not for what is RTCP or STUN") {
  Sample stray = rtp_samples[0];
  stray.expected = false;
  check_refused("rtp", stray);
  for (const std::string& other : {hex("80 c8 0006 01020304 00000000 00000000"),
                                   hex("0001 0000 2112a442 000000000000000000000000"), hex("80 00 0001")}) {
    const Sample sample{.name = "other", .client = other, .transport = over_udp, .expected = true};
    CHECK(ask("rtp", sample).claim == Claim::more);
  }
}

}  // namespace vmoat
