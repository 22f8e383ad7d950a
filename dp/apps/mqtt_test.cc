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
    {.name = "session midstream",
     .client = hex("32 0c 0005") + "a/b/c" + hex("0001") + "x21" + hex("c000"),
     .server = hex("40 02 0001 d000"),
     .server_port = 1883,
     .midstream = true},
    {.name = "server alone",
     .server = hex("20 02 00 00 30 09 0005") + "a/b/c" + "21",
     .server_port = 1883,
     .client_alone = false,
     .server_alone = true},
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
  check_refused("mqtt", {.name = "ldap midstream",
                         .client = hex("30 0c 020101 60 07 020103 0400 8000"),
                         .server = hex("30 0c 020101 61 07 0a0100 0400 0400"),
                         .midstream = true});
  check_refused("mqtt",
                {.name = "pings alone", .client = hex("c000"), .server = hex("d000"), .midstream = true});
  check_refused("mqtt", {.name = "publish", .client = hex("30 05 0001") + "abc"});
}

}  // namespace vmoat
