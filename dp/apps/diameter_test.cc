#include <doctest/doctest.h>

#include "apps/sample.h"

namespace vmoat {
namespace {

std::string message(const std::string& flags, const std::string& avps) {
  return hex("01") + be32(20 + avps.size()).substr(1) + hex(flags) +
         hex("000101 00000000 00000001 00000002") + avps;
}
const std::string origin = hex("00000108 40 000010") + "host.org";
const std::string result = hex("0000010c 40 00000c 000007d1") + origin;

}  // namespace

extern const std::vector<Sample> diameter_samples;
const std::vector<Sample> diameter_samples = {
    {.name = "capabilities",
     .client = message("80", origin),
     .server = message("00", result),
     .server_port = 3868,
     .server_alone = true},
    {.name = "sctp", .client = message("80", origin), .transport = over_sctp, .server_port = 3868},
    {.name = "user first, by all its attributes",
     .client = message("80", hex("00000001 40 00000d") + "alice" + hex("000000") + origin),
     .server_port = 3868},
};

TEST_CASE("diameter: is not claimed for wrong lengths and AVPs") {
  check_refused("diameter", {.name = "odd length",
                             .client = hex("01 000015 80 000101 00000000 00000001 00000002") + origin});
  check_refused("diameter", {.name = "avp longer than the message",
                             .client = message("80", hex("00000108 40 0000ff") + "host.org")});
  check_refused("diameter", {.name = "unknown first avp",
                             .client = message("80", hex("00009999 40 000010") + "host.org")});
}

}  // namespace vmoat
