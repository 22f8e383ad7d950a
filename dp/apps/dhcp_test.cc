#include <doctest/doctest.h>

#include "apps/sample.h"

namespace vmoat {
namespace {

std::string bootp(char op, const std::string& address, const std::string& options) {
  return std::string{op} + hex("01 06 00 12345678 0000 0000 00000000") + address + hex("00000000 00000000") +
         hex("525400aabbcc") + std::string(10 + 64 + 128, '\0') + hex("63825363") + options + hex("ff");
}

}  // namespace

extern const std::vector<Sample> dhcp_samples;
const std::vector<Sample> dhcp_samples = {
    {.name = "discover",
     .client = bootp(1, hex("00000000"), hex("350101 0c03") + "web"),
     .transport = over_udp,
     .server_port = 67},
    {.name = "ack",
     .server = bootp(2, hex("c0a87a10"), hex("350105 3604 c0a87a01 3304 00000e10")),
     .transport = over_udp,
     .server_port = 67,
     .server_alone = true},
    {.name = "bootp",
     .client = bootp(1, hex("00000000"), "").substr(0, 236) + std::string(64, '\0'),
     .transport = over_udp,
     .server_port = 67},
};

TEST_CASE("dhcp: message, host name, server; an acknowledgement teaches a lease") {
  const Answer ack = ask("dhcp", dhcp_samples[1]);
  CHECK(ack.noted.facts.at(Fact::dhcp_message) == "ACK");
  CHECK(ack.noted.facts.at(Fact::dhcp_address) == "192.168.122.16");
  CHECK(ack.noted.facts.at(Fact::dhcp_server) == "192.168.122.1");
  REQUIRE(ack.noted.leases.size() == 1);
  CHECK(ack.noted.leases[0] == std::pair(hex("c0a87a10"), hex("525400aabbcc")));
  CHECK(ask("dhcp", dhcp_samples[0]).noted.facts.at(Fact::dhcp_hostname) == "web");
}

TEST_CASE("dhcp: an offer teaches nothing, a request no lease") {
  const Sample offer{
      .name = "offer", .server = bootp(2, hex("c0a87a10"), hex("350102")), .transport = over_udp};
  CHECK(ask("dhcp", offer).noted.leases.empty());
  CHECK(ask("dhcp", dhcp_samples[0]).noted.leases.empty());
}

TEST_CASE("dhcp: is not claimed without the cookie or with a hostile header; a bad option ends the options") {
  std::string bytes = bootp(1, hex("00000000"), hex("3501"));
  const Sample truncated{.name = "option past the end", .client = bytes, .transport = over_udp};
  CHECK(ask("dhcp", truncated).claim == Claim::sure);
  bytes[236] = 0;
  check_refused("dhcp",
                {.name = "bootp without cookie", .client = bytes, .transport = over_udp, .server_port = 67});
  check_refused("dhcp", {.name = "bootp of nobody",
                         .client = hex("01 01 06 00") + std::string(296, '\0'),
                         .transport = over_udp});
  check_refused("dhcp", {.name = "short", .client = bootp(1, "", "").substr(0, 200), .transport = over_udp});
  bytes = bootp(1, hex("00000000"), "");
  bytes[2] = 64;
  check_refused("dhcp", {.name = "address length", .client = bytes, .transport = over_udp});
}

}  // namespace vmoat
