#include <doctest/doctest.h>

#include "apps/sample.h"

namespace vmoat {

extern const std::vector<Sample> telnet_samples;
const std::vector<Sample> telnet_samples = {
    {.name = "inetd",
     .client = hex("fffb18 fffb20"),
     .server = hex("fffd18 fffd20 fffd23 fffd27"),
     .server_port = 23,
     .server_first = true,
     .server_alone = true,
     .symmetric = true},
    {.name = "one each, with a prompt",
     .client = hex("fffc01"),
     .server = hex("fffb01") + "login: ",
     .server_port = 2323,
     .server_first = true,
     .client_alone = false,
     .symmetric = true},
    {.name = "terminal type",
     .client = hex("fffb18 fffa18 00 7874 fff0"),
     .server = hex("fffd18 fffa18 01 fff0"),
     .server_port = 23,
     .server_first = true,
     .server_alone = true,
     .symmetric = true},
};

TEST_CASE("telnet: is not claimed for bytes of 255") {
  check_refused("telnet",
                {.name = "ones", .client = std::string(12, '\xff'), .server = std::string(12, '\xff')});
  check_refused("telnet", {.name = "jpeg", .server = hex("ffd8ffe0 00104a464946")});
  check_refused("telnet", {.name = "option that is none", .server = hex("fffbc8 fffbc9")});
}

}  // namespace vmoat
