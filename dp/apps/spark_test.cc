#include <doctest/doctest.h>

#include "apps/sample.h"

namespace vmoat {
namespace {

std::string counted(const std::string& text) {
  return be16(text.size()) + text;
}
std::string frame(const std::string& type, const std::string& head, const std::string& body) {
  const std::string rest = hex(type) + hex(head) + be32(body.size()) + body;
  return be32(0) + be32(rest.size() + 8) + rest;
}
std::string request_body(const std::string& endpoint) {
  return hex("00 01") + counted("10.0.0.2") + be32(7077) + counted(endpoint) + hex("aced0005 7372") +
         counted("org.apache.spark.rpc.netty.RpcEndpointVerifier$CheckExistence");
}

}  // namespace

extern const std::vector<Sample> spark_samples;
const std::vector<Sample> spark_samples = {
    {.name = "endpoint verifier",
     .client = frame("03", "4e8a0b6612345678", request_body("endpoint-verifier")),
     .server = frame("04", "4e8a0b6612345678", hex("aced0005 7372")),
     .server_port = 7077,
     .server_alone = true},
    {.name = "one way", .client = frame("09", "", request_body("Master")), .server_port = 40123},
};

TEST_CASE("spark: is not claimed for frames of others") {
  check_refused("spark", {.name = "no object", .client = frame("03", "4e8a0b6612345678", "GET /")});
  check_refused("spark", {.name = "lengths",
                          .client = be32(0) + be32(99) + hex("03 0000000000000001 00000004 aced0005")});
  check_refused("spark", {.name = "type", .client = frame("0b", "", hex("aced0005"))});
  check_refused("spark", {.name = "java alone", .client = hex("aced0005 7372 0004") + "java"});
}

}  // namespace vmoat
