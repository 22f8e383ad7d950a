#include <doctest/doctest.h>

#include "apps/sample.h"

namespace vmoat {

extern const std::vector<Sample> ftp_samples;
const std::vector<Sample> ftp_samples = {
    {.name = "vsftpd",
     .client = "USER anonymous\r\nPASS x\r\n",
     .server = "220 (vsFTPd 3.0.3)\r\n331 Please specify the password.\r\n",
     .server_port = 21,
     .server_first = true,
     .client_alone = false,
     .server_alone = true},
    {.name = "says nothing of itself",
     .client = "AUTH TLS\r\n",
     .server = "220 Welcome\r\n234 go on\r\n",
     .server_port = 2100,
     .server_first = true,
     .client_alone = false},
    {.name = "client alone",
     .client = "USER a\r\nPASS b\r\nSYST\r\nPORT 10,0,0,1,200,3\r\n",
     .server_port = 21},
    {.name = "server alone",
     .server = "220 hello\r\n331 password?\r\n230 in\r\n227 Entering Passive Mode (10,0,0,2,30,4)\r\n",
     .server_port = 21,
     .server_first = true,
     .client_alone = false,
     .server_alone = true},
    {.name = "midstream",
     .client = "TYPE I\r\nPASV\r\nRETR a.iso\r\n",
     .server = "200 binary\r\n",
     .server_port = 21,
     .midstream = true},
};

TEST_CASE("ftp: user and server") {
  const Answer answer = ask("ftp", ftp_samples[0]);
  CHECK(answer.noted.facts.at(Fact::ftp_user) == "anonymous");
  CHECK(answer.noted.facts.at(Fact::ftp_server) == "(vsFTPd 3.0.3)");
}

TEST_CASE("ftp: is not claimed for mail") {
  check_refused("ftp", {.name = "smtp", .client = "EHLO a\r\n", .server = "220 mail ESMTP\r\n"});
  check_refused("ftp", {.name = "one reply", .server = "331 what?\r\n", .midstream = true});
  check_refused("ftp", {.name = "prose", .client = "port a,b\r\npassive\r\n", .midstream = true});
  check_refused("ftp", {.name = "pop3", .client = "USER a\r\n", .server = "+OK ready\r\n"});
}

}  // namespace vmoat
