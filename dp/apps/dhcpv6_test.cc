#include <doctest/doctest.h>

#include "apps/sample.h"

namespace vmoat {
namespace {

const std::string duid = hex("0001 000a 0003 0001 525400aabbcc");
const std::string lease =
    hex("0003 0028 00000001 00000000 00000000 0005 0018 20010db8000000000000000000000042 00000e10 00000e10");

}  // namespace

extern const std::vector<Sample> dhcpv6_samples;
const std::vector<Sample> dhcpv6_samples = {
    {.name = "solicit",
     .client = hex("01 abcdef") + duid + hex("0008 0002 0000"),
     .transport = over_udp,
     .server_port = 547},
    {.name = "reply",
     .server = hex("07 abcdef") + duid + lease,
     .transport = over_udp,
     .server_port = 547,
     .server_alone = true},
    {.name = "relay",
     .client = hex("0c 00") + std::string(32, '\1') + hex("0009 0012") + hex("01 abcdef") + duid,
     .transport = over_udp,
     .server_port = 547},
    {.name = "asks for options only",
     .client = hex("0b abcdef 0008 0002 0000 0006 0004 0017 0018"),
     .transport = over_udp,
     .server_port = 547},
};

TEST_CASE("dhcpv6: a reply teaches a lease, a request none") {
  const Answer answer = ask("dhcpv6", dhcpv6_samples[1]);
  REQUIRE(answer.noted.leases.size() == 1);
  CHECK(answer.noted.leases[0] == std::pair(hex("20010db8000000000000000000000042"), hex("525400aabbcc")));
  CHECK(ask("dhcpv6", dhcpv6_samples[0]).noted.leases.empty());
}

TEST_CASE("dhcpv6: is not claimed without identity or with a tail") {
  const auto udp = [](const char* name, const std::string& bytes) {
    check_refused("dhcpv6", {.name = name, .client = bytes, .transport = over_udp, .server_port = 547});
  };
  udp("no identity", hex("01 abcdef 0008 0002 0000"));
  udp("tail", hex("01 abcdef") + duid + "x");
  udp("option past the end", hex("01 abcdef 0001 00ff 0003"));
}

}  // namespace vmoat
