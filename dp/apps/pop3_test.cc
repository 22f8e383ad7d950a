#include <doctest/doctest.h>

#include "apps/sample.h"

namespace vmoat {

extern const std::vector<Sample> pop3_samples;
const std::vector<Sample> pop3_samples = {
    {.name = "dovecot",
     .client = "CAPA\r\nUSER alice\r\n",
     .server = "+OK Dovecot ready.\r\n+OK\r\nCAPA\r\n.\r\n",
     .server_port = 110,
     .server_first = true,
     .client_alone = false},
    {.name = "names itself",
     .client = "AUTH PLAIN\r\n",
     .server = "+OK POP3 server ready <1.2@a>\r\n+OK\r\n",
     .server_port = 1100,
     .server_first = true,
     .client_alone = false,
     .server_alone = true},
    {.name = "stamp for a digest",
     .client = "APOP mrose c4c9334bac560ecc979e58001b3e22fb\r\n",
     .server = "+OK ready <1896.697170952@dbc.example.org>\r\n",
     .server_port = 110,
     .server_first = true,
     .client_alone = false,
     .server_alone = true},
    {.name = "login by AUTH, then a count",
     .client = "AUTH LOGIN\r\nYQ==\r\nYg==\r\nSTAT\r\n",
     .server = "+OK hello\r\n+ VXNlcm5hbWU6\r\n",
     .server_port = 110,
     .server_first = true,
     .client_alone = false},
};

TEST_CASE("pop3: is not claimed for what redis and others answer") {
  check_refused("pop3", {.name = "redis", .client = "AUTH secret\r\n", .server = "+OK\r\n"});
  check_refused("pop3", {.name = "redis ping", .client = "PING\r\n", .server = "+PONG\r\n"});
  check_refused("pop3", {.name = "ftp", .client = "USER a\r\n", .server = "220 ready\r\n"});
}

}  // namespace vmoat
