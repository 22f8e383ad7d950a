#include <doctest/doctest.h>

#include "apps/sample.h"

namespace vmoat {

extern const std::vector<Sample> wireguard_samples;
const std::vector<Sample> wireguard_samples = {
    {.name = "initiation",
     .client = hex("01000000") + std::string(128, 'k') + std::string(16, '\0'),
     .transport = over_udp,
     .server_port = 51820},
    {.name = "response",
     .server = hex("02000000") + std::string(72, 'k') + std::string(16, '\0'),
     .transport = over_udp,
     .server_port = 5353,
     .server_alone = true},
    {.name = "data",
     .client = hex("04000000 01020304 05000000 00000000 9fe1 0c37 5ad2 448b 10f6 c3e9 7705 2ba8"),
     .transport = over_udp,
     .server_port = 51820,
     .symmetric = true},
};

TEST_CASE("wireguard: data with a pattern is a guess, other sizes are nothing") {
  const Sample data{.name = "data",
                    .client = hex("04000000 01020304 05000000 00000000") + std::string(32, 'k'),
                    .transport = over_udp};
  CHECK(ask("wireguard", data).claim == Claim::guess);
  check_refused("wireguard", {.name = "size",
                              .client = hex("01000000") + std::string(140, 'k'),
                              .transport = over_udp,
                              .server_port = 51820});
  check_refused("wireguard", {.name = "counter",
                              .client = hex("04000000 01020304 05000000 00010000") + std::string(32, 'k'),
                              .transport = over_udp});
  check_refused("wireguard", {.name = "reserved",
                              .client = hex("01000001") + std::string(144, 'k'),
                              .transport = over_udp,
                              .server_port = 51820});
}

}  // namespace vmoat
