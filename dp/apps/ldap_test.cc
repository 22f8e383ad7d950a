#include <doctest/doctest.h>

#include "apps/sample.h"

namespace vmoat {

extern const std::vector<Sample> ldap_samples;
const std::vector<Sample> ldap_samples = {
    {.name = "bind",
     .client = hex("30 1c 020101 60 17 020103 040a") + "cn=a,dc=ex" + hex("8006") + "secret",
     .server = hex("30 0c 020101 61 07 0a0100 0400 0400"),
     .server_port = 389,
     .server_alone = true},
    {.name = "search",
     .client =
         hex("30 25 020102 63 20 0400 0a0100 0a0100 020100 020100 010100 870b") + "objectClass" + hex("3000"),
     .server = hex("30 0c 020102 65 07 0a0100 0400 0400"),
     .server_port = 1883,
     .server_alone = true},
    {.name = "over udp",
     .client =
         hex("30 25 020102 63 20 0400 0a0100 0a0100 020100 020100 010100 870b") + "objectClass" + hex("3000"),
     .transport = over_udp,
     .server_port = 389},
    {.name = "modify, answered",
     .client = hex("30 1a 020105 66 15 0409") + "cn=a,dc=b" + hex("3008 30060a01023001 00"),
     .server = hex("30 0c 020105 67 07 0a0100 0400 0400"),
     .server_port = 389,
     .server_alone = true},
    {.name = "delete", .client = hex("30 0e 020106 4a 09") + "cn=a,dc=b", .server_port = 389},
};

TEST_CASE("ldap: a goodbye alone is a guess") {
  const Sample unbind{.name = "unbind", .client = hex("30 05 020103 42 00"), .server_port = 389};
  CHECK(ask("ldap", unbind).claim == Claim::guess);
}

TEST_CASE("ldap: who binds") {
  CHECK(ask("ldap", ldap_samples[0]).noted.facts.at(Fact::ldap_user) == "cn=a,dc=ex");
}

TEST_CASE("ldap: is not claimed for other BER") {
  check_refused(
      "ldap",
      {.name = "snmp",
       .client = hex(
           "3026 020101 0406 7075626c6963 a019 0204 00000001 020100 020100 300b 3009 0605 2b06010201 0500"),
       .transport = over_udp});
  check_refused("ldap", {.name = "version 9", .client = hex("30 0c 020101 60 07 020109 0400 8000")});
  check_refused("ldap",
                {.name = "hostile length", .client = hex("30 84ffffffff 020101 60 07 020103 0400 8000")});
  check_refused("ldap", {.name = "certificate", .client = hex("30820122 3082 00ca a003020102")});
}

}  // namespace vmoat
