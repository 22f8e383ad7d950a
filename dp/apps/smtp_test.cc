#include <doctest/doctest.h>

#include "apps/sample.h"

namespace vmoat {

extern const std::vector<Sample> smtp_samples;
const std::vector<Sample> smtp_samples = {
    {.name = "postfix",
     .client = "EHLO client.example.org\r\nMAIL FROM:<a@example.org>\r\n",
     .server = "220 mail.example.org ESMTP Postfix (Debian)\r\n250-mail.example.org\r\n250 STARTTLS\r\n",
     .server_port = 25,
     .server_first = true,
     .server_alone = true},
    {.name = "says nothing of itself",
     .client = "HELO a\r\n",
     .server = "220 ready\r\n250 a\r\n",
     .server_port = 2000,
     .server_first = true},
    {.name = "envelope midstream",
     .client = "MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.org>\r\n",
     .server = "250 ok\r\n",
     .server_port = 25,
     .midstream = true},
    {.name = "extensions alone",
     .server = "250-mx.example.org\r\n250-PIPELINING\r\n250 SIZE 1000\r\n",
     .server_port = 25,
     .client_alone = false,
     .server_alone = true,
     .midstream = true},
};

TEST_CASE("smtp: names of both ends") {
  const Answer answer = ask("smtp", smtp_samples[0]);
  CHECK(answer.noted.facts.at(Fact::smtp_client) == "client.example.org");
  CHECK(answer.noted.facts.at(Fact::smtp_server) == "mail.example.org ESMTP Postfix (Debian)");
}

TEST_CASE("smtp: mid-stream a server may say anything, however short") {
  Sample sample{
      .name = "short line", .client = "EHLO a\r\n", .server = "\r\nmore than four", .midstream = true};
  const Answer answer = ask("smtp", sample);
  CHECK(answer.claim == Claim::sure);
  CHECK(answer.noted.facts.count(Fact::smtp_server) == 0);
}

TEST_CASE("smtp: is not claimed for other servers that say 220") {
  check_refused("smtp", {.name = "ftp", .client = "USER anonymous\r\n", .server = "220 ProFTPD Server\r\n"});
  check_refused(
      "smtp",
      {.name = "prose", .client = "mail from bob\r\n", .server = "250 thanks\r\n", .midstream = true});
  check_refused("smtp", {.name = "nothing more", .server = "220 hello\r\n"});
}

}  // namespace vmoat
