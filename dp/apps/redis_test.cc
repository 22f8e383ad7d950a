#include <doctest/doctest.h>

#include "apps/sample.h"

namespace vmoat {

extern const std::vector<Sample> redis_samples;
const std::vector<Sample> redis_samples = {
    {.name = "resp2",
     .client = "*1\r\n$4\r\nPING\r\n",
     .server = "+PONG\r\n",
     .server_port = 6379,
     .server_alone = true},
    {.name = "resp3 on another port",
     .client = "*2\r\n$5\r\nHELLO\r\n$1\r\n3\r\n",
     .server = "%7\r\n$6\r\nserver\r\n$5\r\nredis\r\n",
     .server_port = 80},
    {.name = "unknown command",
     .client = "*2\r\n$7\r\nBF.ADDX\r\n$1\r\na\r\n",
     .server = ":1\r\n",
     .server_port = 6379},
    {.name = "inline",
     .client = "info server\r\n",
     .server = "$44\r\n# Server\r\nredis_version:7.0.15\r\nx:1\r\n",
     .server_port = 6379,
     .client_alone = false},
    {.name = "inline set",
     .client = "SET a 1\r\n",
     .server = "+OK\r\n",
     .server_port = 6379,
     .client_alone = false},
    {.name = "password wanted",
     .client = "*1\r\n$4\r\ninfo\r\n",
     .server = "-NOAUTH Authentication required.\r\n",
     .server_port = 6379,
     .server_alone = true},
    {.name = "array midstream",
     .client = "*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\nb\r\n",
     .server_port = 6379,
     .midstream = true},
};

TEST_CASE("redis: a server's bulk reply alone, an integer is not enough") {
  const Sample bulk{.name = "bulk", .server = "*2\r\n$1\r\na\r\n$1\r\nb\r\n", .server_port = 6379};
  CHECK(ask("redis", bulk).claim == Claim::sure);
  check_refused("redis", {.name = "integer", .server = ":1\r\n"});
  check_refused("redis", {.name = "shorter than it says", .server = "$5\r\nhell\r\n$"});
}

TEST_CASE("redis: first command and the server's version") {
  const Answer answer = ask("redis", redis_samples[3]);
  CHECK(answer.noted.facts.at(Fact::redis_command) == "INFO");
  CHECK(answer.noted.facts.at(Fact::redis_server) == "7.0.15");
}

TEST_CASE("redis: what POP3 and NATS say, too, is a guess at most") {
  const Sample auth{.name = "auth", .client = "AUTH secret\r\n", .server = "+OK\r\n"};
  CHECK(ask("redis", auth).claim == Claim::guess);
  check_refused("redis", {.name = "pop3", .client = "USER a\r\n", .server = "+OK POP3 ready\r\n"});
  check_refused("redis", {.name = "nats",
                          .client = "CONNECT {\"verbose\":false}\r\nPING\r\n",
                          .server = "INFO {\"port\":4222}\r\n"});
  check_refused("redis", {.name = "memcached", .client = "get a\r\n", .server = "END\r\n"});
  check_refused("redis", {.name = "irc", .client = "PING :x\r\n", .server = ":irc.example.org PONG x\r\n"});
}

TEST_CASE("redis: is not claimed for counts that cannot be") {
  check_refused("redis", {.name = "no items", .client = "*0\r\n"});
  check_refused("redis", {.name = "huge", .client = "*99999999999\r\n"});
  check_refused("redis", {.name = "negative length", .client = "*1\r\n$-1\r\n"});
  check_refused("redis", {.name = "no command", .client = "*1\r\n$4\r\n1234\r\n"});
}

TEST_CASE("redis: a master writes commands to its replica") {
  const Sample replica{.name = "psync", .client = "*1\r\n$4\r\nPING\r\n", .server = "*1\r\n$4\r\nPING\r\n"};
  CHECK(ask("redis", replica).claim == Claim::sure);
}

}  // namespace vmoat
