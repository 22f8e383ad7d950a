#include <doctest/doctest.h>

#include "apps/sample.h"

namespace vmoat {

extern const std::vector<Sample> icmp_samples;
const std::vector<Sample> icmp_samples = {
    {.name = "echo", .client = hex("0800 f7ff 0001 0001"), .transport = over_icmp, .symmetric = true},
    {.name = "unreachable",
     .server = hex("0303 0000 00000000 4500"),
     .transport = over_icmp,
     .server_alone = true,
     .symmetric = true},
};

TEST_CASE("icmp: type and code") {
  CHECK(ask("icmp", icmp_samples[1]).noted.facts.at(Fact::icmp_type) == "3/3");
}

TEST_CASE("icmp: is not claimed without a whole first word") {
  check_refused("icmp", {.name = "short", .client = hex("0800 f7"), .transport = over_icmp});
}

}  // namespace vmoat
