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
    {.name = "text first",
     .client = hex("fffb1f"),
     .server = "Welcome\r\n" + hex("fffb01 fffb03"),
     .server_port = 23,
     .server_first = true,
     .client_alone = false,
     .server_alone = true,
     .symmetric = true},
    {.name = "terminal type",
     .client = hex("fffb18 fffa18 00 7874 fff0"),
     .server = hex("fffd18 fffa18 01 fff0"),
     .server_port = 23,
     .server_first = true,
     .server_alone = true,
     .symmetric = true},
};

TEST_CASE("telnet: a prompt at its port is a guess, who asks for a terminal's type is the server") {
  const Sample prompt{.name = "prompt", .server = "Debian GNU/Linux 12\r\nlogin: ", .server_port = 23};
  CHECK(ask("telnet", prompt).claim == Claim::guess);
  Sample turned{
      .name = "turned", .client = hex("fffd18 fffd20"), .server = hex("fffb18 fffb20"), .midstream = true};
  CHECK(ask("telnet", turned).noted.is_reversed);
}

TEST_CASE("telnet: is not claimed for bytes of 255") {
  check_refused("telnet",
                {.name = "ones", .client = std::string(12, '\xff'), .server = std::string(12, '\xff')});
  check_refused("telnet", {.name = "binary between", .server = hex("fffd18 0102 fffd20")});
  check_refused("telnet", {.name = "prompt elsewhere", .server = "login: ", .server_port = 80});
  check_refused("telnet", {.name = "jpeg", .server = hex("ffd8ffe0 00104a464946")});
  check_refused("telnet", {.name = "option that is none", .server = hex("fffbc8 fffbc9")});
}

}  // namespace vmoat
