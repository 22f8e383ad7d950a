#include <doctest/doctest.h>

#include "apps/sample.h"

namespace vmoat {
namespace {

const std::string call =
    hex("12345678 00000000 00000002 000186a3 00000003 00000000 00000000 00000000 00000000 00000000");
const std::string answer = hex("12345678 00000001 00000000 00000000 00000000 00000000");
const std::string portmap =
    hex("12345678 00000000 00000002 000186a0 00000002 00000003 00000000 00000000 00000000 00000000");
std::string stream(const std::string& message) {
  return be32(0x80000000 + message.size()) + message;
}

}  // namespace

extern const std::vector<Sample> rpc_samples;
const std::vector<Sample> rpc_samples = {
    {.name = "portmap", .client = portmap, .transport = over_udp, .server_port = 111},
    {.name = "nfs midstream", .client = "data" + stream(call), .server_port = 2049, .midstream = true},
    {.name = "nfs", .client = stream(call), .server = stream(answer), .server_port = 2049},
};

TEST_CASE("rpc: nfs is the inner layer") {
  CHECK(ask("rpc", rpc_samples[2]).noted.layers == std::vector<std::string>{"nfs"});
  CHECK(ask("rpc", rpc_samples[0]).noted.layers.empty());
}

TEST_CASE("rpc: an answer alone is a guess; other numbers are refused") {
  const Sample alone{.name = "answer", .server = answer, .transport = over_udp};
  CHECK(ask("rpc", alone).claim == Claim::guess);
  check_refused("rpc",
                {.name = "version 3",
                 .client = hex("12345678 00000000 00000003 000186a0 00000002 00000003 00000000 00000000"),
                 .transport = over_udp});
  check_refused("rpc",
                {.name = "program 5",
                 .client = hex("12345678 00000000 00000002 00000005 00000002 00000003 00000000 00000000"),
                 .transport = over_udp});
}

}  // namespace vmoat
