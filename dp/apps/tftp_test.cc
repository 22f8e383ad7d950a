#include <doctest/doctest.h>

#include "apps/sample.h"

namespace vmoat {

extern const std::vector<Sample> tftp_samples;
const std::vector<Sample> tftp_samples = {
    {.name = "read",
     .client = raw("\0\1pxelinux.0\0octet\0blksize\0"
                   "1408\0"),
     .transport = over_udp,
     .server_port = 69},
    {.name = "write", .client = raw("\0\2a\0NETASCII\0"), .transport = over_udp, .server_port = 6900},
    {.name = "options accepted",
     .server = raw("\0\6blksize\0"
                   "1408\0tsize\0"
                   "20480\0"),
     .transport = over_udp,
     .server_port = 50000,
     .client_alone = false,
     .server_alone = true,
     .symmetric = true},
};

TEST_CASE("tftp: file") {
  CHECK(ask("tftp", tftp_samples[0]).noted.facts.at(Fact::tftp_file) == "pxelinux.0");
}

TEST_CASE("tftp: is not claimed for data, other modes and open strings") {
  check_refused("tftp",
                {.name = "data", .client = raw("\0\3\0\1hello"), .transport = over_udp, .server_port = 69});
  check_refused("tftp", {.name = "option of nobody",
                         .client = raw("\0\6colour\0"
                                       "3\0"),
                         .transport = over_udp});
  check_refused("tftp",
                {.name = "mode", .client = raw("\0\1a\0binary\0"), .transport = over_udp, .server_port = 69});
  check_refused("tftp",
                {.name = "no end", .client = raw("\0\1a\0octet"), .transport = over_udp, .server_port = 69});
}

}  // namespace vmoat
