#include <doctest/doctest.h>

#include "apps/sample.h"

namespace vmoat {
namespace {

std::string packet(char sequence, const std::string& body) {
  return le24(body.size()) + sequence + body;
}
std::string greeting(const std::string& version) {
  return packet(0, "\x0a" + version + raw("\0") + le32(42) + "saltsalt" + raw("\0") +
                       hex("fef7 2d 0200 ffc1 15") + std::string(10, '\0') + "moresalthere" +
                       raw("\0mysql_native_password\0"));
}
const std::string login =
    packet(1, le32(0x00a0 << 16 | 0xa68d) + le32(1 << 24) + "\x21" + std::string(23, '\0') + raw("shop\0") +
                  "\x04" + "pass" + raw("orders\0mysql_native_password\0"));
const std::string tls_request =
    packet(1, le32(0x00a0 << 16 | 0xae8d) + le32(1 << 24) + "\x21" + std::string(23, '\0'));

}  // namespace

extern const std::vector<Sample> mysql_samples;
const std::vector<Sample> mysql_samples = {
    {.name = "mariadb",
     .client = login,
     .server = greeting("5.5.5-10.11.6-MariaDB-0+deb12u1") + packet(2, hex("00 00 00 02 00 00 00")),
     .server_port = 3306,
     .server_first = true,
     .server_alone = true},
    {.name = "mysql on another port",
     .client = login,
     .server = greeting("8.0.33"),
     .server_port = 5432,
     .server_first = true,
     .server_alone = true},
    {.name = "switches to tls",
     .client = tls_request + hex("16030100c8"),
     .server = greeting("8.0.33"),
     .server_port = 3306,
     .server_first = true,
     .server_alone = true},
    {.name = "host refused",
     .server = packet(0, hex("ff 6a04") + "Host '10.0.0.9' is not allowed to connect to this MariaDB server"),
     .server_port = 3306,
     .server_first = true,
     .server_alone = true},
    {.name = "query midstream",
     .client = packet(0, "\x03select * from orders"),
     .server_port = 3306,
     .midstream = true},
};

TEST_CASE("mysql: an answer of three packets mid-stream") {
  const Sample rows{.name = "rows",
                    .server = hex("010000 01 01 030000 02 646566 050000 03 fe00002200"),
                    .server_port = 3306,
                    .midstream = true};
  CHECK(ask("mysql", rows).claim == Claim::sure);
  check_refused("mysql", {.name = "other numbers",
                          .server = hex("010000 01 01 030000 03 646566 050000 04 fe00002200"),
                          .midstream = true});
}

TEST_CASE("mysql: version, user and database") {
  const Answer answer = ask("mysql", mysql_samples[0]);
  CHECK(answer.noted.facts.at(Fact::mysql_version) == "5.5.5-10.11.6-MariaDB-0+deb12u1");
  CHECK(answer.noted.facts.at(Fact::mysql_user) == "shop");
  CHECK(answer.noted.facts.at(Fact::mysql_database) == "orders");
  CHECK_FALSE(answer.noted.is_unfinished);
}

TEST_CASE("mysql: the greeting alone waits for the login") {
  Sample sample = mysql_samples[0];
  sample.client.clear();
  CHECK(ask("mysql", sample).noted.is_unfinished);
}

TEST_CASE("mysql: is not claimed for near misses") {
  check_refused("mysql",
                {.name = "error beyond the server's codes", .server = packet(0, hex("ff ffff") + "text")});
  check_refused("mysql", {.name = "version in letters",
                          .server = packet(0, "\x0aversion one" + raw("\0") + std::string(40, 'x'))});
  check_refused("mysql", {.name = "no filler",
                          .server = packet(0,
                                           "\x0a"
                                           "8.0" +
                                               raw("\0") + std::string(40, 'x'))});
  check_refused("mysql", {.name = "wrong sequence",
                          .server = le24(60) +
                                    "\x05\x0a"
                                    "8.0.1" +
                                    raw("\0") + std::string(60, '\0')});
  check_refused(
      "mysql",
      {.name = "postgresql", .client = be32(8) + be32(80877103), .server = "N", .server_port = 3306});
}

}  // namespace vmoat
