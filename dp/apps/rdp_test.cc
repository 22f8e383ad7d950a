#include <doctest/doctest.h>

#include "apps/sample.h"

namespace vmoat {

extern const std::vector<Sample> rdp_samples;
const std::vector<Sample> rdp_samples = {
    {.name = "cookie",
     .client = hex("0300 0029 24 e0 0000 0000 00") + "Cookie: mstshash=eve\r\n" + hex("01 00 0800 0b000000"),
     .server = hex("0300 0013 0e d0 0000 1234 00 02 1f 0800 02000000"),
     .server_port = 3389,
     .server_alone = true},
    {.name = "negotiation",
     .client = hex("0300 0013 0e e0 0000 0000 00 01 00 0800 03000000"),
     .server = hex("0300 0013 0e d0 0000 1234 00 03 00 0800 05000000"),
     .server_port = 13389,
     .server_alone = true},
    {.name = "neither cookie nor negotiation",
     .client = hex("0300 000b 06 e0 0000 0000 00") + hex("0300 0030 02 f0 80 7f65 82 0024") +
               std::string(30, 'c') + "Duca",
     .server = hex("0300 000b 06 d0 0000 1234 00"),
     .server_port = 3389},
    {.name = "over udp",
     .client = hex("ffffffff 0040 1001 5a3b1c2d 04d0 04d0") + std::string(1216, '\0'),
     .transport = over_udp,
     .server_port = 3389},
};

TEST_CASE("rdp: the cookie's user") {
  CHECK(ask("rdp", rdp_samples[0]).noted.facts.at(Fact::rdp_user) == "eve");
}

TEST_CASE("rdp: other users of X.224 are a guess at most") {
  const Sample s7{.name = "s7",
                  .client = hex("0300 0016 11 e0 0000 0001 00 c1020100 c2020102 c0010a"),
                  .server = hex("0300 0016 11 d0 0001 0002 00 c0010a c1020100 c2020102"),
                  .server_port = 102};
  CHECK(ask("rdp", s7).claim == Claim::guess);
  check_refused("rdp", {.name = "length", .client = hex("0300 0013 0f e0 0000 0000 00 01 00 0800 03000000")});
  check_refused("rdp", {.name = "udp without its padding",
                        .client = hex("ffffffff 0040 1001 5a3b1c2d 04d0 04d0") + std::string(100, '\0'),
                        .transport = over_udp});
  check_refused("rdp", {.name = "data", .client = hex("0300 0007 02 f0 80")});
}

}  // namespace vmoat
