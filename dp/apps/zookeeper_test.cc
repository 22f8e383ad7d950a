#include <doctest/doctest.h>

#include "apps/sample.h"

namespace vmoat {

extern const std::vector<Sample> zookeeper_samples;
const std::vector<Sample> zookeeper_samples = {
    {.name = "connect",
     .client =
         hex("0000002d 00000000 0000000000000000 00007530 0000000000000000 00000010") + std::string(17, '\0'),
     .server = hex("00000025 00000000 00007530 0100000000000001 00000010") + std::string(17, 'p'),
     .server_port = 2181},
    {.name = "four letters", .client = "ruok", .server = "imok", .server_port = 2181, .client_alone = false},
    {.name = "ping midstream",
     .client = hex("00000008 fffffffe 0000000b"),
     .server = hex("00000010 fffffffe 0000000000000007 00000000"),
     .server_port = 2181,
     .server_alone = true,
     .midstream = true},
};

TEST_CASE("zookeeper: is not claimed for other fixed forms") {
  check_refused("zookeeper",
                {.name = "password length",
                 .client = hex("0000002c 00000000 0000000000000000 00007530 0000000000000000 00000011") +
                           std::string(16, '\0')});
  check_refused("zookeeper",
                {.name = "no timeout",
                 .client = hex("0000002c 00000000 0000000000000000 00000000 0000000000000000 00000010") +
                           std::string(16, '\0')});
  check_refused("zookeeper", {.name = "word without answer", .client = "stat\r\n", .server = "ERROR\r\n"});
}

}  // namespace vmoat
