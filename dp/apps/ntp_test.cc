#include <doctest/doctest.h>

#include "apps/sample.h"

namespace vmoat {
namespace {

const std::string now = hex("e8f0a1b2 12345678");
const std::string soon = hex("e8f0a1b2 22345678");
std::string blank_request(char first) {
  return first + std::string(39, '\0') + now;
}

}  // namespace

extern const std::vector<Sample> ntp_samples;
const std::vector<Sample> ntp_samples = {
    {.name = "client", .client = blank_request(0x23), .transport = over_udp, .server_port = 123},
    {.name = "sntp on another port",
     .client = blank_request(0x1b),
     .transport = over_udp,
     .server_port = 1230},
    {.name = "client with a clock",
     .client = hex("e3 03 06 ec 00000100 00000200 0a000001") + now + now + now + soon,
     .transport = over_udp,
     .server_port = 123},
    {.name = "server",
     .server = hex("24 02 06 e8 00000100 00000200 c0000201") + now + now + now + soon,
     .transport = over_udp,
     .server_port = 123,
     .server_alone = true},
    {.name = "ntpdate",
     .client = hex("e3 00 04 fa 00010000 00010000 00000000") + std::string(24, '\0') + now,
     .transport = over_udp,
     .server_port = 123},
    {.name = "broadcast",
     .server = hex("1d 02 06 ec 00000100 00000200 c0000201") + now + std::string(16, '\0') + soon,
     .transport = over_udp,
     .server_port = 123,
     .client_alone = false,
     .server_alone = true,
     .symmetric = true},
    {.name = "kiss of death",
     .server = hex("e4 00 06 e8 00000000 00000000") + "RATE" + std::string(8, '\0') + now +
               std::string(8, '\0') + now,
     .transport = over_udp,
     .server_port = 123,
     .client_alone = false,
     .server_alone = true},
    {.name = "monitor list",
     .server = hex("97 00 03 2a 0002 0048") + std::string(144, 'm'),
     .transport = over_udp,
     .server_port = 123,
     .client_alone = false,
     .server_alone = true},
    {.name = "monitor list wanted",
     .client = hex("17 00 03 2a") + std::string(188, '\0'),
     .transport = over_udp,
     .server_port = 123},
    {.name = "server with a key",
     .server = hex("24 02 06 e8 00000100 00000200 c0000201") + now + now + now + soon + std::string(20, 'k'),
     .transport = over_udp,
     .server_port = 123,
     .server_alone = true},
};

TEST_CASE("ntp: version and mode") {
  const Answer answer = ask("ntp", ntp_samples[3]);
  CHECK(answer.noted.facts.at(Fact::ntp_version) == "4");
  CHECK(answer.noted.facts.at(Fact::ntp_mode) == "server");
}

TEST_CASE("ntp: a form without evidence is a guess") {
  const auto claim = [](const std::string& bytes) {
    return ask("ntp", Sample{.name = "", .client = bytes, .transport = over_udp, .server_port = 123}).claim;
  };
  CHECK(claim(hex("23 02 06 ec 00000100 00000200 0a000001") + std::string(32, 'x')) == Claim::guess);
  CHECK(claim(hex("23 02 06 ec 00000100 00000200 0a000001") + now + hex("11111111 11111111") + now + soon) ==
        Claim::guess);
  CHECK(claim(hex("16 02 0001 0000 0000 0000 0004 01020304")) == Claim::guess);
}

TEST_CASE("ntp: is not claimed for wrong lengths, versions and clocks") {
  const auto udp = [](const char* name, const std::string& bytes) {
    check_refused("ntp", {.name = name, .client = bytes, .transport = over_udp, .server_port = 123});
  };
  udp("short", blank_request(0x23).substr(0, 47));
  udp("odd tail", blank_request(0x23) + "x");
  udp("version 7", blank_request(0x3b));
  udp("stratum 99", hex("23 63") + std::string(46, '\0'));
  udp("server without a time", hex("24 02 06 e8") + std::string(44, '\0'));
  udp("private, items of another size", hex("97 00 03 2a 0002 0047") + std::string(144, 'm'));
  udp("private, little in it", hex("17 00 00 07 00000000"));
  udp("private, bytes where zeros are", hex("17 00 03 2a 00000000 01020304"));
  udp("control of another length", hex("16 02 0001 0000 0000 0000 0040"));
}

}  // namespace vmoat
