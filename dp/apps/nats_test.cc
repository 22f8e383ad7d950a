#include <doctest/doctest.h>

#include "apps/sample.h"

namespace vmoat {

extern const std::vector<Sample> nats_samples;
const std::vector<Sample> nats_samples = {
    {.name = "server greets",
     .client = "CONNECT {\"verbose\":false}\r\nPING\r\n",
     .server = "INFO {\"server_id\":\"A\",\"version\":\"2.9.10\"} \r\nPONG\r\n",
     .server_port = 4222,
     .server_first = true,
     .server_alone = true},
    {.name = "message midstream",
     .server = "MSG orders.new 1 5\r\nhello\r\n",
     .server_port = 4222,
     .client_alone = false,
     .server_alone = true,
     .midstream = true},
};

TEST_CASE("nats: is not claimed for other CONNECTs and INFOs") {
  check_refused("nats", {.name = "stomp", .client = "CONNECT\naccept-version:1.2\n\n"});
  check_refused("nats", {.name = "http", .client = "CONNECT a:443 HTTP/1.1\r\n\r\n"});
  check_refused("nats", {.name = "redis", .client = "INFO\r\n", .server = "$5\r\nhello\r\n"});
}

}  // namespace vmoat
