#include <doctest/doctest.h>

#include "apps/sample.h"

namespace vmoat {
namespace {

std::string message(const std::string& type, const std::string& method) {
  return hex("8001 00") + hex(type) + be32(method.size()) + method + be32(1) + hex("00");
}
std::string framed(const std::string& bytes) {
  return be32(bytes.size()) + bytes;
}

}  // namespace

extern const std::vector<Sample> thrift_samples;
const std::vector<Sample> thrift_samples = {
    {.name = "framed",
     .client = framed(message("01", "getUser")),
     .server = framed(message("02", "getUser")),
     .server_port = 9090,
     .server_alone = true},
    {.name = "plain",
     .client = message("01", "ping"),
     .server = message("02", "ping"),
     .server_port = 9090,
     .server_alone = true},
    {.name = "cassandra",
     .client = framed(message("01", "set_keyspace")),
     .server = framed(message("02", "set_keyspace")),
     .server_port = 9160,
     .server_alone = true},
    {.name = "compact, framed",
     .client = framed(hex("82 21 07 0b") + "getUserById" + hex("00")),
     .server = framed(hex("82 41 07 0b") + "getUserById" + hex("00")),
     .server_port = 9090,
     .server_alone = true},
    {.name = "compact over udp",
     .client = hex("82 81 01 09") + "emitBatch" + hex("1c 1c 00"),
     .transport = over_udp,
     .server_port = 6831},
};

TEST_CASE("thrift: cassandra is a layer") {
  CHECK(ask("thrift", thrift_samples[2]).noted.layers == std::vector<std::string>{"cassandra"});
  CHECK(ask("thrift", thrift_samples[0]).noted.layers.empty());
}

TEST_CASE("thrift: is not claimed for other words") {
  check_refused("thrift", {.name = "type", .client = framed(message("07", "getUser"))});
  check_refused("thrift", {.name = "name", .client = framed(message("01", "get user"))});
  check_refused("thrift", {.name = "compact of another version", .client = hex("82 22 07 04") + "ping"});
  check_refused("thrift", {.name = "netbios", .client = hex("82000000")});
  check_refused("thrift",
                {.name = "endless number", .client = hex("82 21 ffffffffffffffffffffff 04") + "ping"});
  check_refused("thrift", {.name = "length", .client = hex("8001 0001 ffffffff 00")});
}

}  // namespace vmoat
