#include <doctest/doctest.h>

#include "apps/sample.h"

namespace vmoat {
namespace {

std::string connect(const std::string& version, const std::string& descriptor) {
  return be16(58 + descriptor.size()) + hex("0000 01 00 0000") + hex(version) +
         hex("012c 0000 0800 7fff 7f08 0000 0100") + be16(descriptor.size()) + be16(58) +
         std::string(30, '\0') + descriptor;
}
const std::string descriptor = "(DESCRIPTION=(CONNECT_DATA=(SERVICE_NAME=shop)(CID=(USER=web))))";

}  // namespace

extern const std::vector<Sample> tns_samples;
const std::vector<Sample> tns_samples = {
    {.name = "connect",
     .client = connect("013a", descriptor),
     .server = hex("0018 0000 02 00 0000 0139 0000 0800 7fff 0100 0000 0018 0000"),
     .server_port = 1521,
     .server_alone = true},
    {.name = "refusal",
     .client = connect("0139", descriptor),
     .server = hex("0037 0000 04 00 0000 2200 002b") + "(DESCRIPTION=(TMP=)(VSNNUM=0)(ERR=12514))",
     .server_port = 1521,
     .server_alone = true},
    {.name = "resend",
     .client = connect("0134", descriptor),
     .server = hex("0008 0000 0b 00 0000"),
     .server_port = 15210},
};

TEST_CASE("tns: service") {
  CHECK(ask("tns", tns_samples[0]).noted.facts.at(Fact::tns_service) == "shop");
}

TEST_CASE("tns: is not claimed for other versions and data") {
  check_refused("tns", {.name = "version", .client = connect("0900", descriptor)});
  check_refused("tns",
                {.name = "accepted version", .server = hex("0018 0000 02 00 0000 0239 0000 0800 7fff 0100")});
  check_refused("tns", {.name = "no descriptor", .client = connect("013a", "DESCRIPTION=x")});
  check_refused("tns",
                {.name = "dns", .client = hex("0020 0000 0100 0001 0000 0000 0000") + std::string(20, 'a')});
}

}  // namespace vmoat
