#include <doctest/doctest.h>

#include "apps/sample.h"

namespace vmoat {

extern const std::vector<Sample> elasticsearch_samples;
const std::vector<Sample> elasticsearch_samples = {
    {.name = "handshake",
     .client = "ES" + hex("00000022 0000000000000001 08 005e5d33 0000000000") + std::string(16, 'h'),
     .server = "ES" + hex("00000013 0000000000000001 09 005e5d33 0000000000") + "h",
     .server_port = 9300,
     .server_alone = true},
    {.name = "behind a keep-alive",
     .client = "ES" + hex("ffffffff") + "ES" + hex("00000022 0000000000000007 00 006c578b 0000000000"),
     .server_port = 9310},
};

TEST_CASE("elasticsearch: is not claimed for words with ES") {
  check_refused("elasticsearch", {.name = "text", .client = "ESTABLISHED connections: 12\r\n"});
  check_refused("elasticsearch",
                {.name = "version", .client = "ES" + hex("00000022 0000000000000001 08 00000003 00")});
  check_refused("elasticsearch",
                {.name = "status", .client = "ES" + hex("00000022 0000000000000001 f8 005e5d33 00")});
  check_refused("elasticsearch", {.name = "keep-alive alone", .client = "ES" + hex("ffffffff")});
}

}  // namespace vmoat
