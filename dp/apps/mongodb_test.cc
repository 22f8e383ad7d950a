#include <doctest/doctest.h>

#include "apps/sample.h"

namespace vmoat {
namespace {

std::string message(size_t id, size_t to, size_t operation, const std::string& body) {
  return le32(body.size() + 16) + le32(id) + le32(to) + le32(operation) + body;
}
const std::string hello = le32(16) + raw("\x10hello\0\1\0\0\0\0");
const std::string ok = le32(17) + raw("\1ok\0\0\0\0\0\0\0\xf0\x3f\0");

}  // namespace

extern const std::vector<Sample> mongodb_samples;
const std::vector<Sample> mongodb_samples = {
    {.name = "message",
     .client = message(7, 0, 2013, le32(0) + raw("\0") + hello),
     .server = message(9, 7, 2013, le32(0) + raw("\0") + ok),
     .server_port = 27017,
     .server_alone = true},
    {.name = "legacy query",
     .client = message(1, 0, 2004, le32(0) + raw("admin.$cmd\0") + le32(0) + le32(1) + hello),
     .server = message(2, 1, 1, le32(8) + std::string(8, '\0') + le32(0) + le32(1) + ok),
     .server_port = 80,
     .server_alone = true},
    {.name = "insert, acknowledged by nobody",
     .client = message(1, 0, 2002, le32(0) + raw("shop.orders\0") + ok),
     .server_port = 27017},
    {.name = "update",
     .client = message(1, 0, 2001, le32(0) + raw("shop.orders\0") + le32(1) + ok + ok),
     .server_port = 27017},
    {.name = "next of a cursor",
     .client = message(4, 0, 2005, le32(0) + raw("shop.orders\0") + le32(100) + std::string(8, 'c')),
     .server_port = 27017},
    {.name = "cursors let go",
     .client = message(4, 0, 2007, le32(0) + le32(1) + std::string(8, 'c')),
     .server_port = 27017},
    {.name = "compressed",
     .client = message(4, 0, 2012, le32(2013) + le32(64) + raw("\2") + std::string(40, 'z')),
     .server_port = 27017},
};

TEST_CASE("mongodb: command") {
  CHECK(ask("mongodb", mongodb_samples[0]).noted.facts.at(Fact::mongodb_command) == "hello");
}

TEST_CASE("mongodb: is not claimed for lengths and documents that do not fit") {
  check_refused("mongodb", {.name = "document too long",
                            .client = message(
                                7, 0, 2013, le32(0) + raw("\0") + le32(999) + raw("\x10hello\0\1\0\0\0\0"))});
  check_refused("mongodb",
                {.name = "reply without a document",
                 .server = message(
                     9, 7, 1, le32(8) + std::string(8, '\0') + le32(0) + le32(1) + std::string(40, 'x'))});
  check_refused("mongodb", {.name = "reply longer than nothing",
                            .server = message(
                                9, 7, 1, le32(0) + std::string(12, '\0') + le32(0) + std::string(40, 'x'))});
  check_refused("mongodb", {.name = "operation", .client = message(7, 0, 3000, std::string(20, '\0'))});
  check_refused("mongodb",
                {.name = "no collection",
                 .client = message(1, 0, 2004, le32(0) + raw("admin\0") + le32(0) + le32(1) + hello)});
}

}  // namespace vmoat
