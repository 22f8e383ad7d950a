#include <doctest/doctest.h>

#include "apps/sample.h"

namespace vmoat {
namespace {

std::string smb_2(const std::string& flags) {
  return be32(64) + hex("fe") + "SMB" + hex("4000 0000 00000000 0000 0000") + hex(flags) +
         std::string(44, '\0');
}
std::string smb_1(const std::string& flags) {
  return be32(35) + hex("ff") + "SMB" + hex("72 00000000") + hex(flags) + std::string(25, '\0');
}
const std::string name = "\x20" + std::string(32, 'A') + raw("\0");

}  // namespace

extern const std::vector<Sample> smb_samples;
const std::vector<Sample> smb_samples = {
    {.name = "smb 2",
     .client = smb_2("00000000"),
     .server = smb_2("01000000"),
     .server_port = 445,
     .server_alone = true},
    {.name = "smb 1, answered with 2",
     .client = smb_1("18"),
     .server = smb_2("01000000"),
     .server_port = 4450,
     .server_alone = true},
    {.name = "encrypted",
     .client = be32(80) + hex("fd") + "SMB" + std::string(76, 'e'),
     .server_port = 445,
     .symmetric = true},
    {.name = "midstream, behind the rest of a message",
     .client = std::string(37, 'd') + smb_2("00000000"),
     .server_port = 445,
     .midstream = true},
    {.name = "browser announcement",
     .client = hex("11 02 8005 0a000001 008a 00bb 0000") + name + name + hex("ff") + "SMB" + hex("25"),
     .transport = over_udp,
     .server_port = 138,
     .symmetric = true},
    {.name = "netbios",
     .client = hex("81000044") + name + name + smb_1("18"),
     .server = hex("82000000") + smb_1("98"),
     .server_port = 139,
     .server_alone = true},
};

TEST_CASE("smb: is not claimed for other lengths and names") {
  check_refused("smb", {.name = "short", .client = be32(8) + hex("fe") + "SMBabcd"});
  check_refused("smb", {.name = "magic", .client = be32(64) + hex("fb") + "SMB" + std::string(60, '\0')});
  check_refused(
      "smb", {.name = "size of the header", .client = be32(64) + hex("fe") + "SMB" + std::string(60, '\0')});
  check_refused("smb", {.name = "netbios of another kind",
                        .client = hex("11 02 8005 0a000001 008a 00bb 0000") + name + name + "hello",
                        .transport = over_udp});
  check_refused(
      "smb", {.name = "session only", .client = hex("81000044") + name + name, .server = hex("83000001 82")});
}

}  // namespace vmoat
