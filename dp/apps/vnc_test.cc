#include <doctest/doctest.h>

#include "apps/sample.h"

namespace vmoat {

extern const std::vector<Sample> vnc_samples;
const std::vector<Sample> vnc_samples = {
    {.name = "3.8",
     .client = "RFB 003.008\n",
     .server = raw("RFB 003.008\n\1\2"),
     .server_port = 5900,
     .server_first = true,
     .server_alone = true,
     .symmetric = true},
};

TEST_CASE("vnc: version") {
  CHECK(ask("vnc", vnc_samples[0]).noted.facts.at(Fact::vnc_version) == "003.008");
}

TEST_CASE("vnc: is not claimed for what only begins so") {
  check_refused("vnc", {.name = "letters", .server = "RFB abc.def\n"});
  check_refused("vnc", {.name = "request for bids", .server = "RFB 2024 offers\n"});
}

}  // namespace vmoat
