#include <doctest/doctest.h>

#include "apps/sample.h"

namespace vmoat {

extern const std::vector<Sample> mqtt_samples;
const std::vector<Sample> mqtt_samples = {
    {.name = "3.1.1",
     .client = hex("10 12 0004") + "MQTT" + hex("04 02 003c 0006") + "sensor",
     .server = hex("20 02 00 00"),
     .server_port = 1883},
    {.name = "5",
     .client = hex("10 13 0004") + "MQTT" + hex("05 02 003c 00 0006") + "sensor",
     .server = hex("20 03 00 00 00"),
     .server_port = 8888},
    {.name = "3.1",
     .client = hex("10 14 0006") + "MQIsdp" + hex("03 02 003c 0006") + "sensor",
     .server_port = 1883},
};

TEST_CASE("mqtt: client") {
  CHECK(ask("mqtt", mqtt_samples[0]).noted.facts.at(Fact::mqtt_client) == "sensor");
  CHECK(ask("mqtt", mqtt_samples[1]).noted.facts.at(Fact::mqtt_client) == "sensor");
}

TEST_CASE("mqtt: is not claimed for LDAP, other levels and endless lengths") {
  check_refused("mqtt", {.name = "ldap", .client = hex("30 0c 020101 60 07 020103 0400 8000")});
  check_refused("mqtt",
                {.name = "level", .client = hex("10 12 0004") + "MQTT" + hex("09 02 003c 0006") + "sensor"});
  check_refused("mqtt", {.name = "length", .client = hex("10 ffffffffff 0004") + "MQTT"});
  check_refused("mqtt", {.name = "publish", .client = hex("30 05 0001") + "abc"});
}

}  // namespace vmoat
