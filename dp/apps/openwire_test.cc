#include <doctest/doctest.h>

#include "apps/sample.h"

namespace vmoat {

extern const std::vector<Sample> openwire_samples;
const std::vector<Sample> openwire_samples = {
    {.name = "both ends",
     .client = hex("00000050 01") + "ActiveMQ" + hex("0000000c"),
     .server = hex("000000f0 01") + "ActiveMQ" + hex("0000000c"),
     .server_port = 61616,
     .server_alone = true,
     .symmetric = true},
};

TEST_CASE("openwire: is not claimed for other types") {
  check_refused("openwire", {.name = "type", .client = hex("00000050 02") + "ActiveMQ"});
  check_refused("openwire", {.name = "text", .client = "ActiveMQ"});
}

}  // namespace vmoat
