#include <doctest/doctest.h>

#include "apps/sample.h"

namespace vmoat {

extern const std::vector<Sample> amqp_samples;
const std::vector<Sample> amqp_samples = {
    {.name = "0-9-1",
     .client = "AMQP" + hex("00 00 09 01"),
     .server = hex("01 0000 0000001c 000a 000a 00 09"),
     .server_port = 5672},
    {.name = "1.0",
     .client = "AMQP" + hex("03 01 00 00"),
     .server = "AMQP" + hex("03 01 00 00"),
     .server_port = 61616,
     .server_alone = true,
     .symmetric = true},
    {.name = "midstream",
     .client = hex("01 0001 00000009 003c 0028 0000 00 00 00 ce"),
     .server_port = 5672,
     .midstream = true},
    {.name = "transfer midstream",
     .client = hex("00000020 02 00 0000 00 53 14 c0 0b 05") + std::string(18, 't'),
     .server_port = 5672,
     .midstream = true},
    {.name = "heartbeat midstream",
     .client = hex("08 0000 00000000 ce"),
     .server_port = 5672,
     .midstream = true},
};

TEST_CASE("amqp: is not claimed without a version") {
  check_refused("amqp", {.name = "text", .client = "AMQP is fine\r\n"});
  check_refused("amqp", {.name = "openwire", .client = hex("000000f0 01") + "ActiveMQ"});
}

}  // namespace vmoat
