#include <doctest/doctest.h>

#include "apps/sample.h"

namespace vmoat {
namespace {

std::string request(const std::string& key, const std::string& correlation, const std::string& id) {
  const std::string body = hex(key) + hex("0003") + hex(correlation) + be16(id.size()) + id + raw("\0");
  return be32(body.size()) + body;
}

}  // namespace

extern const std::vector<Sample> kafka_samples;
const std::vector<Sample> kafka_samples = {
    {.name = "api versions",
     .client = request("0012", "00000001", "consumer-1"),
     .server = hex("00000010 00000001 0000 00000000"),
     .server_port = 9092},
    {.name = "produce",
     .client = request("0000", "00abcdef", "app"),
     .server = hex("00000010 00abcdef 0000 00000000"),
     .server_port = 19092,
     .client_alone = false},
};

TEST_CASE("kafka: client") {
  CHECK(ask("kafka", kafka_samples[0]).noted.facts.at(Fact::kafka_client) == "consumer-1");
}

TEST_CASE("kafka: is not claimed for other lengths and answers") {
  check_refused("kafka", {.name = "other correlation",
                          .client = request("0000", "00abcdef", "app"),
                          .server = hex("00000010 00000001 0000 00000000")});
  check_refused("kafka",
                {.name = "zookeeper",
                 .client = hex("0000002c 00000000 0000000000000000 00002710 0000000000000000 00000010") +
                           std::string(16, '\0')});
  check_refused("kafka", {.name = "key", .client = request("0f00", "00000001", "app")});
}

}  // namespace vmoat
