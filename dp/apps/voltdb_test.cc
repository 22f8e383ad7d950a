#include <doctest/doctest.h>

#include "apps/sample.h"

namespace vmoat {
namespace {

std::string counted(const std::string& text) {
  return be32(text.size()) + text;
}
std::string login(const std::string& version, const std::string& service, const std::string& user,
                  size_t hash) {
  const std::string body = hex(version) + counted(service) + counted(user) + std::string(hash, '\x9a');
  return counted(body);
}

}  // namespace

extern const std::vector<Sample> voltdb_samples;
const std::vector<Sample> voltdb_samples = {
    {.name = "version 0",
     .client = login("00", "database", "ops", 20),
     .server =
         hex("00000027 00 00 00000000 0000000000000003 0000000000000000 0a000001 00000009") + "8.4.2 rel",
     .server_port = 21212},
    {.name = "version 1, nobody in particular",
     .client = login("01 01", "database", "", 32),
     .server_port = 80},
};

TEST_CASE("voltdb: is not claimed for other services and lengths") {
  check_refused("voltdb", {.name = "service", .client = login("00", "dateless", "ops", 20)});
  check_refused("voltdb", {.name = "hash", .client = login("00", "database", "ops", 21)});
  check_refused("voltdb", {.name = "version", .client = login("02", "database", "ops", 20)});
  check_refused("voltdb", {.name = "length", .client = hex("ffffffff 00")});
}

}  // namespace vmoat
