#include <doctest/doctest.h>

#include "apps/sample.h"

namespace vmoat {
namespace {

std::string login(const std::string& opcode, const std::string& text) {
  return hex(opcode) + hex("87 0000 00") + be32(text.size()).substr(1) + std::string(40, '\0') + text;
}

}  // namespace

extern const std::vector<Sample> iscsi_samples;
const std::vector<Sample> iscsi_samples = {
    {.name = "login",
     .client = login("43", raw("InitiatorName=iqn.1993-08.org.debian:01:a\0SessionType=Normal\0")),
     .server = login("23", raw("TargetPortalGroupTag=1\0")),
     .server_port = 3260,
     .server_alone = true},
    {.name = "command midstream",
     .client = hex("01 c1 0000 00 000000 0000000000000000 0000001a 00000200") + std::string(24, 'c'),
     .server = hex("25 81 0000 00 000200 0000000000000000 0000001a ffffffff") + std::string(24, 's'),
     .server_port = 3260,
     .client_alone = false,
     .midstream = true},
};

TEST_CASE("iscsi: initiator") {
  CHECK(ask("iscsi", iscsi_samples[0]).noted.facts.at(Fact::iscsi_initiator) ==
        "iqn.1993-08.org.debian:01:a");
}

TEST_CASE("iscsi: is not claimed without a name") {
  check_refused("iscsi", {.name = "no name", .client = login("43", raw("SessionType=Normal\0"))});
  check_refused(
      "iscsi",
      {.name = "another tag",
       .client = hex("01 c1 0000 00 000000 0000000000000000 0000001a 00000200") + std::string(24, 'c'),
       .server = hex("25 81 0000 00 000200 0000000000000000 0000001b ffffffff") + std::string(24, 's'),
       .midstream = true});
  check_refused("iscsi", {.name = "text", .client = "C" + std::string(80, 'x')});
}

}  // namespace vmoat
