#include <doctest/doctest.h>

#include "apps/sample.h"

namespace vmoat {

extern const std::vector<Sample> syslog_samples;
const std::vector<Sample> syslog_samples = {
    {.name = "rfc3164",
     .client = "<34>Oct 11 22:14:15 mymachine su: 'su root' failed",
     .transport = over_udp,
     .server_port = 514},
    {.name = "rfc5424",
     .client = "<165>1 2003-10-11T22:14:15.003Z host app - ID47 - hello",
     .transport = over_udp,
     .server_port = 5140},
    {.name = "cisco",
     .client = "<189>34: router: %SYS-5-CONFIG_I: Configured",
     .transport = over_udp,
     .server_port = 514},
    {.name = "two lines and a zero",
     .client = raw("<13>app[3]: first\n\tsecond\n\0"),
     .transport = over_udp,
     .server_port = 514},
    {.name = "tcp, no time", .client = "<13>app: one\n<14>app: two\n", .server_port = 6514},
    {.name = "tcp, lines",
     .client = "<13>Feb  5 17:32:18 10.0.0.99 hello\n<13>Feb  5 17:32:19 a b\n",
     .server_port = 514},
    {.name = "tcp, counted",
     .client = "48 <165>1 2003-10-11T22:14:15.003Z host app - - - hi",
     .server_port = 601},
};

TEST_CASE("syslog: a priority alone is a guess") {
  const Sample line{.name = "one line", .client = "<13>something happened\n"};
  CHECK(ask("syslog", line).claim == Claim::guess);
  const Sample heart{.name = "heart", .client = "<3>you", .transport = over_udp};
  CHECK(ask("syslog", heart).claim == Claim::guess);
}

TEST_CASE("syslog: is not claimed for tags and numbers") {
  check_refused("syslog", {.name = "xml", .client = "<stream>"});
  check_refused("syslog",
                {.name = "priority too high", .client = "<192>Oct 11 22:14:15 a b", .transport = over_udp});
  check_refused("syslog",
                {.name = "four digits", .client = "<0001>Oct 11 22:14:15 a b", .transport = over_udp});
  check_refused("syslog",
                {.name = "bytes", .client = raw("<13>\x80\x01\x02\x03 12345678"), .transport = over_udp});
  check_refused("syslog", {.name = "smtp", .server = "220 mail ESMTP\r\n"});
}

}  // namespace vmoat
