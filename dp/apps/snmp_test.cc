#include <doctest/doctest.h>

#include "apps/sample.h"

namespace vmoat {

extern const std::vector<Sample> snmp_samples;
const std::vector<Sample> snmp_samples = {
    {.name = "get",
     .client =
         hex("3026 020101 0406 7075626c6963 a019 0204 00000001 020100 020100 300b 3009 0605 2b06010201 0500"),
     .transport = over_udp,
     .server_port = 161,
     .symmetric = true},
    {.name = "version 3",
     .client = hex("3038 020103 300e 0201 01 0203 00ffe3 0401 04 0201 03 0410 300e 0400 020100 020100 0400 "
                   "0400 0400 3011 0400 0400 a00b 020100 020100 020100 3000"),
     .transport = over_udp,
     .server_port = 1161,
     .symmetric = true},
};

TEST_CASE("snmp: version") {
  CHECK(ask("snmp", snmp_samples[0]).noted.facts.at(Fact::snmp_version) == "2c");
}

TEST_CASE("snmp: is not claimed for other BER") {
  check_refused("snmp", {.name = "ldap",
                         .client = hex("30 0c 020101 60 07 020103 0400 8000"),
                         .transport = over_udp,
                         .server_port = 161});
  check_refused(
      "snmp", {.name = "longer than it says", .client = hex("3005 020101 0400 a000"), .transport = over_udp});
}

}  // namespace vmoat
