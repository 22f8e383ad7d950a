#include <doctest/doctest.h>

#include "apps/sample.h"

namespace vmoat {

extern const std::vector<Sample> imap_samples;
const std::vector<Sample> imap_samples = {
    {.name = "dovecot",
     .client = "a001 CAPABILITY\r\na002 LOGIN alice secret\r\n",
     .server =
         "* OK [CAPABILITY IMAP4rev1 STARTTLS] Dovecot ready.\r\n* CAPABILITY IMAP4rev1\r\na001 OK done\r\n",
     .server_port = 143,
     .server_first = true,
     .client_alone = false,
     .server_alone = true},
    {.name = "midstream",
     .client = "a4 UID FETCH 1:* (FLAGS)\r\n",
     .server = "* 1 FETCH (FLAGS (\\Seen))\r\n",
     .server_port = 143,
     .client_alone = false,
     .server_alone = true,
     .midstream = true},
};

TEST_CASE("imap: is not claimed for other text") {
  check_refused("imap", {.name = "ftp", .client = "USER a\r\n", .server = "220 ready\r\n"});
  check_refused("imap", {.name = "list of stars", .server = "* 12 things to do\r\n", .midstream = true});
  check_refused("imap",
                {.name = "unknown command", .client = "a001 FROBNICATE\r\n", .server = "* OK ready\r\n"});
}

}  // namespace vmoat
