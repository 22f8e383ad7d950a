#include <doctest/doctest.h>

#include "apps/sample.h"

namespace vmoat {

extern const std::vector<Sample> rtcp_samples;
const std::vector<Sample> rtcp_samples = {
    {.name = "report and description",
     .client = hex("80 c9 0001 01020304 81 ca 0002 01020304 01 01 61 00"),
     .transport = over_udp,
     .server_port = 40001,
     .symmetric = true,
     .expected = true},
};

TEST_CASE("rtcp: only where it was announced, and not for media or wrong lengths") {
  Sample stray = rtcp_samples[0];
  stray.expected = false;
  check_refused("rtcp", stray);
  for (const std::string& other : {hex("80 00 0001 000000a0 01020304"), hex("80 c9 0100 01020304")}) {
    const Sample sample{.name = "other", .client = other, .transport = over_udp, .expected = true};
    CHECK(ask("rtcp", sample).claim == Claim::more);
  }
}

}  // namespace vmoat
