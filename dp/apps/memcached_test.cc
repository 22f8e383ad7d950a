#include <doctest/doctest.h>

#include "apps/sample.h"

namespace vmoat {

extern const std::vector<Sample> memcached_samples;
const std::vector<Sample> memcached_samples = {
    {.name = "set",
     .client = "set key 0 900 5\r\nhello\r\n",
     .server = "STORED\r\n",
     .server_port = 11211,
     .server_alone = true},
    {.name = "get", .client = "get key\r\n", .server = "END\r\n", .server_port = 80, .client_alone = false},
    {.name = "statistics",
     .client = "stats\r\n",
     .server = "STAT pid 42\r\n",
     .server_port = 11211,
     .client_alone = false,
     .server_alone = true},
    {.name = "binary",
     .client = hex("80 00 0003 00 00 0000 00000003 0000002a 0000000000000000") + "key",
     .server = hex("81 00 0000 00 00 0001 00000009 0000002a 0000000000000000") + "Not found",
     .server_port = 11211,
     .client_alone = false},
    {.name = "udp",
     .client = hex("0001 0000 0001 0000") + "stats\r\n",
     .transport = over_udp,
     .server_port = 11211},
};

TEST_CASE("memcached: is not claimed for words that others use") {
  check_refused("memcached", {.name = "redis", .client = "get key\r\n", .server = "$-1\r\n"});
  check_refused("memcached",
                {.name = "other answer",
                 .client = hex("80 00 0003 00 00 0000 00000003 0000002a 0000000000000000") + "key",
                 .server = hex("81 00 0000 00 00 0001 00000009 0000002b 0000000000000000")});
  check_refused("memcached", {.name = "set of something", .client = "set -x and so on\r\n"});
}

}  // namespace vmoat
