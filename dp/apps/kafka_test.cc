#include <doctest/doctest.h>

#include "apps/sample.h"

namespace vmoat {
namespace {

std::string request(const std::string& key_version, const std::string& correlation, const std::string& id,
                    const std::string& rest) {
  const std::string body = hex(key_version) + hex(correlation) + be16(id.size()) + id + rest;
  return be32(body.size()) + body;
}
const std::string software = raw("\0\x0b") + "librdkafka" + raw("\6") + "1.9.2" + raw("\0");
const std::string topics = hex("00000001 0006") + "orders" + hex("00000001 00000000");

}  // namespace

extern const std::vector<Sample> kafka_samples;
const std::vector<Sample> kafka_samples = {
    {.name = "api versions",
     .client = request("0012 0003", "00000001", "consumer-1", software),
     .server = hex("00000010 00000001 0000 00000000"),
     .server_port = 9092},
    {.name = "join a group",
     .client = request("000b 0002", "00abcdef", "app", hex("0003") + "abc" + hex("00007530")),
     .server = hex("00000010 00abcdef 0000 00000000"),
     .server_port = 19092,
     .client_alone = false},
    {.name = "the first version asked for topics",
     .client = request("0003 0000", "00000002", "sarama", hex("00000001 0006") + "orders"),
     .server_port = 9092},
    {.name = "fetch",
     .client = request("0001 0002", "00000007", "c", hex("ffffffff 000001f4 00000001") + topics),
     .server_port = 9092},
    {.name = "produce",
     .client = request("0000 0002", "00000007", "c", hex("0001 00007530") + topics),
     .server_port = 9092},
    {.name = "without a client id",
     .client = hex("0000000e 000a 0000 00000005 ffff 0002") + "gr",
     .server = hex("00000010 00000005 0000 00000000"),
     .server_port = 9092,
     .client_alone = false},
};

TEST_CASE("kafka: client") {
  CHECK(ask("kafka", kafka_samples[0]).noted.facts.at(Fact::kafka_client) == "consumer-1");
}

TEST_CASE("kafka: is not claimed for other lengths and answers") {
  check_refused("kafka", {.name = "other correlation",
                          .client = request("000b 0002", "00abcdef", "app", hex("0003") + "abc"),
                          .server = hex("00000010 00000001 0000 00000000")});
  check_refused("kafka",
                {.name = "zookeeper",
                 .client = hex("0000002c 00000000 0000000000000000 00002710 0000000000000000 00000010") +
                           std::string(16, '\0')});
  check_refused("kafka", {.name = "key", .client = request("0f00 0003", "00000001", "app", software)});
  check_refused("kafka", {.name = "version", .client = request("0012 0008", "00000001", "app", software)});
  check_refused("kafka", {.name = "topic",
                          .client = request("0003 0000", "00000002", "a", hex("00000001 0006") + "or/ers")});
}

}  // namespace vmoat
