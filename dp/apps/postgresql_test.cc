#include <doctest/doctest.h>

#include "apps/sample.h"

namespace vmoat {
namespace {

std::string message(char type, const std::string& body) {
  return std::string{type} + be32(body.size() + 4) + body;
}
std::string startup(const std::string& parameters) {
  return be32(parameters.size() + 8) + be32(0x00030000) + parameters;
}
const std::string alice = startup(raw("user\0alice\0database\0shop\0application_name\0psql\0\0"));
const std::string welcome = message('R', be32(0)) +
                            message('S', raw("server_version\0"
                                             "15.8\0")) +
                            message('K', be32(7) + be32(9)) + message('Z', "I");

}  // namespace

extern const std::vector<Sample> postgresql_samples;
const std::vector<Sample> postgresql_samples = {
    {.name = "trust", .client = alice, .server = welcome, .server_port = 5432, .server_alone = true},
    {.name = "scram on another port",
     .client = alice + message('p', raw("SCRAM-SHA-256\0") + be32(3) + "n,,"),
     .server = message('R', be32(10) + raw("SCRAM-SHA-256\0\0")),
     .server_port = 3306,
     .server_alone = true},
    {.name = "refused",
     .client = alice,
     .server = message('E', raw("SFATAL\0VFATAL\0C28P01\0Mpassword authentication failed\0\0")),
     .server_port = 5432,
     .server_alone = true},
    {.name = "asks for tls, gets it",
     .client = be32(8) + be32(80877103) + hex("16030100c8"),
     .server = "S",
     .server_port = 5432},
    {.name = "asks for tls, goes on without",
     .client = be32(8) + be32(80877103) + alice,
     .server = "N" + welcome,
     .server_port = 5432},
    {.name = "cancel", .client = be32(16) + be32(80877102) + be32(4711) + be32(815), .server_port = 5432},
    {.name = "protocol 2",
     .client = be32(296) + be32(0x00020000) + std::string(288, '\0'),
     .server_port = 5432},
    {.name = "query midstream",
     .client = message('Q', raw("SELECT 1\0")),
     .server = message('C', raw("SELECT 1\0")) + message('Z', "I"),
     .server_port = 5432,
     .server_alone = true,
     .midstream = true},
};

TEST_CASE("postgresql: user, database and the server's version") {
  const Answer answer = ask("postgresql", postgresql_samples[0]);
  CHECK(answer.noted.facts.at(Fact::postgresql_user) == "alice");
  CHECK(answer.noted.facts.at(Fact::postgresql_database) == "shop");
  CHECK(answer.noted.facts.at(Fact::postgresql_version) == "15.8");
  CHECK_FALSE(answer.noted.is_unfinished);
}

TEST_CASE("postgresql: facts also behind a refused request for tls") {
  const Answer answer = ask("postgresql", postgresql_samples[4]);
  CHECK(answer.noted.facts.at(Fact::postgresql_user) == "alice");
  CHECK(answer.noted.facts.at(Fact::postgresql_version) == "15.8");
}

TEST_CASE("postgresql: is not claimed for near misses") {
  check_refused("postgresql", {.name = "no user", .client = startup(raw("database\0shop\0\0"))});
  check_refused("postgresql",
                {.name = "wrong length for the request", .client = be32(9) + be32(80877103) + "x"});
  check_refused("postgresql", {.name = "hostile length", .client = be32(0x7fffffff) + be32(0x00030000)});
  check_refused(
      "postgresql",
      {.name = "answer of another", .client = be32(8) + be32(80877103), .server = "HTTP/1.1 400 Bad\r\n"});
  check_refused("postgresql", {.name = "http", .client = "GET / HTTP/1.1\r\n\r\n", .server_port = 5432});
}

}  // namespace vmoat
