#include <doctest/doctest.h>

#include "apps/sample.h"

namespace vmoat {
namespace {

std::string message(const std::string& magic) {
  return be32(64) + magic + std::string(60, '\0');
}
const std::string name = "\x20" + std::string(32, 'A') + raw("\0");

}  // namespace

extern const std::vector<Sample> smb_samples;
const std::vector<Sample> smb_samples = {
    {.name = "smb 2",
     .client = message(hex("fe") + "SMB"),
     .server = message(hex("fe") + "SMB"),
     .server_port = 445,
     .server_alone = true,
     .symmetric = true},
    {.name = "smb 1",
     .client = message(hex("ff") + "SMB"),
     .server = message(hex("fe") + "SMB"),
     .server_port = 4450,
     .server_alone = true,
     .symmetric = true},
    {.name = "netbios",
     .client = hex("81000044") + name + name + message(hex("ff") + "SMB"),
     .server = hex("82000000") + message(hex("ff") + "SMB"),
     .server_port = 139,
     .server_alone = true,
     .symmetric = true},
};

TEST_CASE("smb: is not claimed for other lengths and names") {
  check_refused("smb", {.name = "short", .client = be32(8) + hex("fe") + "SMBabcd"});
  check_refused("smb", {.name = "magic", .client = message(hex("fb") + "SMB")});
  check_refused(
      "smb", {.name = "session only", .client = hex("81000044") + name + name, .server = hex("83000001 82")});
}

}  // namespace vmoat
