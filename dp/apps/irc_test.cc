#include <doctest/doctest.h>

#include "apps/sample.h"

namespace vmoat {

extern const std::vector<Sample> irc_samples;
const std::vector<Sample> irc_samples = {
    {.name = "registration",
     .client = "NICK alice\r\nUSER alice 0 * :Alice\r\n",
     .server = ":irc.example.org 001 alice :Welcome\r\n",
     .server_port = 6667,
     .server_alone = true},
    {.name = "capabilities",
     .client = "CAP LS 302\r\nNICK bob\r\n",
     .server = ":irc.example.org NOTICE * :*** Looking up\r\n",
     .server_port = 443,
     .server_alone = true},
    {.name = "password first",
     .client = "PASS x\r\nUSER a 0 * :b\r\n",
     .server = "PING :42\r\n",
     .server_port = 6667},
    {.name = "looks up",
     .client = "NICK a\r\n",
     .server = "NOTICE AUTH :*** Looking up your hostname...\r\n",
     .server_port = 6667,
     .server_first = true,
     .server_alone = true},
    {.name = "midstream",
     .client = "PRIVMSG #ops :hello\r\n",
     .server = ":bob!b@example.org PRIVMSG #ops :hello yourself\r\n",
     .server_port = 6667,
     .server_alone = true,
     .midstream = true},
};

TEST_CASE("irc: is not claimed for logins of others") {
  check_refused("irc", {.name = "ftp", .client = "USER anonymous\r\n", .server = "220 ready\r\n"});
  check_refused("irc", {.name = "pop3", .client = "USER a\r\nPASS b\r\n", .server = "+OK\r\n"});
  check_refused("irc", {.name = "log of a chat", .client = "JOIN us\r\nNOTICE me\r\n", .midstream = true});
  check_refused("irc", {.name = "redis integer", .client = "", .server = ":1\r\n"});
}

}  // namespace vmoat
