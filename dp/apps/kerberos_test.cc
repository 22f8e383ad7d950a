#include <doctest/doctest.h>

#include "apps/sample.h"

namespace vmoat {
namespace {

const std::string request = hex("6a 14 30 12 a103 020105 a203 02010a a406 3004 a002 0500");
const std::string failure = hex("7e 14 30 12 a003 020105 a103 02011e a406 3004 a002 0500");

}  // namespace

extern const std::vector<Sample> kerberos_samples;
const std::vector<Sample> kerberos_samples = {
    {.name = "request", .client = request, .transport = over_udp, .server_port = 88},
    {.name = "error", .server = failure, .transport = over_udp, .server_port = 88, .server_alone = true},
    {.name = "tcp",
     .client = be32(request.size()) + request,
     .server = be32(failure.size()) + failure,
     .server_port = 8800,
     .server_alone = true},
};

TEST_CASE("kerberos: is not claimed for other application tags") {
  check_refused("kerberos", {.name = "version 4",
                             .client = hex("6a 14 30 12 a103 020104 a203 02010a a406 3004 a002 0500"),
                             .transport = over_udp});
  check_refused("kerberos", {.name = "type of another tag",
                             .client = hex("6a 14 30 12 a103 020105 a203 02010c a406 3004 a002 0500"),
                             .transport = over_udp});
  check_refused("kerberos", {.name = "ldap", .client = hex("30 0c 020101 60 07 020103 0400 8000")});
}

}  // namespace vmoat
