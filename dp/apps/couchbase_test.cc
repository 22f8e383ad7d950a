#include <doctest/doctest.h>

#include "apps/sample.h"

namespace vmoat {
namespace {

std::string packet(const std::string& head, const std::string& second, const std::string& body,
                   const std::string& opaque = "0000002a") {
  return hex(head) + hex(second) + be32(body.size()) + hex(opaque) + std::string(8, '\0') + body;
}

const std::string hello = packet("80 1f 0008 00 00", "0000", "libcb/26" + hex("0003 0006 0007"));
const std::string hello_answer = packet("81 1f 0000 00 00", "0000", hex("0003 0006"));

}  // namespace

extern const std::vector<Sample> couchbase_samples;
const std::vector<Sample> couchbase_samples = {
    {.name = "hello", .client = hello, .server = hello_answer, .server_port = 11210, .server_alone = true},
    {.name = "password first, then a bucket",
     .client = packet("80 20 0000 00 00", "0000", "") + packet("80 89 0004 00 00", "0000", "beer"),
     .server = packet("81 20 0000 00 00", "0000", "PLAIN") + packet("81 89 0000 00 00", "0000", ""),
     .server_port = 11210,
     .server_alone = true},
    {.name = "get from a virtual bucket",
     .client = packet("80 00 0003 00 00", "02a1", "key"),
     .server = packet("81 00 0000 04 00", "0000", hex("00000000") + "{}"),
     .server_port = 11210},
    {.name = "sub-document with framing extras, midstream",
     .client = packet("08 d0 03 03 00 00", "0011", hex("010203") + "key" + "x"),
     .server_port = 4000,
     .midstream = true},
};

TEST_CASE("couchbase: is not claimed for plain memcached") {
  check_refused("couchbase", {.name = "get",
                              .client = packet("80 00 0003 00 00", "0000", "key"),
                              .server = packet("81 00 0000 00 00", "0001", "Not found")});
  check_refused("couchbase", {.name = "password", .client = packet("80 20 0000 00 00", "0000", "")});
}

TEST_CASE("couchbase: is not claimed where lengths do not fit") {
  check_refused("couchbase",
                {.name = "key longer than body", .client = packet("80 1f 0009 00 00", "0000", "a")});
  check_refused("couchbase", {.name = "bucket", .client = packet("80 00 0003 00 00", "0400", "key")});
  check_refused("couchbase",
                {.name = "tls of old", .client = hex("80 4c 01 03 01 00 33 00 00 00 10 00 00 39 00 00 38")});
}

}  // namespace vmoat
