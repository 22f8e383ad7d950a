#include <doctest/doctest.h>

#include "apps/sample.h"

namespace vmoat {

extern const std::vector<Sample> cassandra_samples;
const std::vector<Sample> cassandra_samples = {
    {.name = "startup",
     .client = hex("04 00 0000 01 00000016 0001 000b") + "CQL_VERSION" + hex("0005") + "3.0.0",
     .server = hex("84 00 0000 02 00000000"),
     .server_port = 9042},
    {.name = "options",
     .client = hex("05 00 0000 05 00000000"),
     .server = hex("85 00 0000 06 00000002 0000"),
     .server_port = 80,
     .client_alone = false},
    {.name = "version 2",
     .client = hex("02 00 00 01 00000016 0001 000b") + "CQL_VERSION" + hex("0005") + "3.0.0",
     .server = hex("82 00 00 02 00000000"),
     .server_port = 9042},
    {.name = "query midstream",
     .client = hex("03 00 0001 07 0000001d 00000016") + "SELECT key FROM system" + hex("0001 00"),
     .server = hex("83 00 0001 08 00000004 00000001"),
     .server_port = 9042,
     .midstream = true},
};

TEST_CASE("cassandra: is not claimed for other small numbers") {
  check_refused(
      "cassandra",
      {.name = "raft", .client = hex("04 00 0000 08 00000004 00000001"), .server = hex("00000001")});
  check_refused("cassandra", {.name = "query that is none",
                              .client = hex("04 00 0000 07 00000010 0000000c") + "hello, world"});
  check_refused("cassandra", {.name = "startup of another",
                              .client = hex("04 00 0000 01 00000016") + std::string(22, 'x')});
  check_refused("cassandra", {.name = "socks 5", .client = hex("05 01 00"), .server = hex("05 00")});
}

}  // namespace vmoat
