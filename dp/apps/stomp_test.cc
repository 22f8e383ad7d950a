#include <doctest/doctest.h>

#include "apps/sample.h"

namespace vmoat {

extern const std::vector<Sample> stomp_samples;
const std::vector<Sample> stomp_samples = {
    {.name = "connect",
     .client = raw("CONNECT\naccept-version:1.2\nhost:a\n\n\0"),
     .server = raw("CONNECTED\nversion:1.2\n\n\0"),
     .server_port = 61613,
     .server_alone = true},
    {.name = "refused",
     .client = raw("STOMP\r\nlogin:a\r\n\r\n\0"),
     .server = raw("ERROR\nmessage:no\n\n\0"),
     .server_port = 1},
    {.name = "send midstream",
     .client = raw("\nSEND\ndestination:/queue/a\n\nhello\0"),
     .server_port = 61613,
     .midstream = true},
};

TEST_CASE("stomp: is not claimed for other CONNECTs and ERRORs") {
  check_refused("stomp", {.name = "http", .client = "CONNECT a:443 HTTP/1.1\r\n\r\n"});
  check_refused("stomp", {.name = "nats", .client = "CONNECT {\"verbose\":false}\r\n"});
  check_refused("stomp", {.name = "memcached", .client = "frob\r\n", .server = "ERROR\r\n"});
}

}  // namespace vmoat
