#include <doctest/doctest.h>

#include "apps/sample.h"

namespace vmoat {

extern const std::vector<Sample> ceph_samples;
const std::vector<Sample> ceph_samples = {
    {.name = "messenger 2",
     .client = "ceph v2\n" + hex("1000 0100000000000000 0000000000000000"),
     .server = "ceph v2\n" + hex("1000 0300000000000000 0000000000000000"),
     .server_port = 3300,
     .server_first = true,
     .server_alone = true,
     .symmetric = true},
    {.name = "messenger 1",
     .client = "ceph v027" + hex("00000000 00000000 0002 0000 0a000001") + std::string(120, '\0'),
     .server = "ceph v027" + hex("00000000 00000000 0002 1a85 0a000002") + std::string(120, '\0'),
     .server_port = 6789,
     .server_first = true,
     .server_alone = true,
     .symmetric = true},
};

TEST_CASE("ceph: is not claimed for talk about it") {
  check_refused("ceph", {.name = "words", .client = "ceph version 17\r\n"});
  check_refused("ceph", {.name = "one side", .client = "ceph v027", .server = "220 mail\r\n"});
  check_refused("ceph", {.name = "no features", .client = "ceph v2\r\nwhat is it?\r\n"});
}

}  // namespace vmoat
