#include "engine/guest_nic.h"

#include <doctest/doctest.h>
#include <net/if_arp.h>

namespace vmoat::test {
namespace {

const std::vector<PolicyNic> nics = {{.tap = "vnet0", .mac = "52:54:00:00:00:01"},
                                     {.tap = "vnet1", .mac = "52:54:00:00:00:02"},
                                     {.tap = "vnet2", .mac = "52:54:00:00:00:03"},
                                     {.tap = "vnet3", .mac = "52:54:00:00:00:03"}};

std::string tap_of(const char* name, const char* mac, const char* kind = "tun") {
  Link link;
  link.name = name;
  link.mac = mac;
  link.kind = kind;
  link.hardware = ARPHRD_ETHER;
  return kept_tap(nics, link);
}

}  // namespace

TEST_CASE("a guest is found again by its MAC, whatever its tap is called now") {
  CHECK(tap_of("vnet0", "fe:54:00:00:00:01") == "vnet0");
  CHECK(tap_of("vnet0", "fe:54:00:00:00:02") == "vnet1");
  CHECK(tap_of("macvtap0", "52:54:00:00:00:02", "macvtap") == "vnet1");
}

TEST_CASE("a guest that was not there is nobody, though its tap has another one's name") {
  CHECK(tap_of("vnet0", "fe:54:00:00:00:09").empty());
}

TEST_CASE("a MAC that two guests bear says nothing but beside the name") {
  CHECK(tap_of("vnet2", "fe:54:00:00:00:03") == "vnet2");
  CHECK(tap_of("vnet7", "fe:54:00:00:00:03").empty());
}

TEST_CASE("a tap whose name another guest's had before is not that one's") {
  const auto tap = [](const char* mac) {
    return Link{.name = "vnet0", .kind = "tun", .mac = mac, .hardware = 1};
  };
  CHECK(is_anothers(tap("fe:54:00:00:00:02"), "52:54:00:00:00:01"));
  CHECK_FALSE(is_anothers(tap("fe:54:00:00:00:01"), "52:54:00:00:00:01"));
  CHECK_FALSE(is_anothers(tap("0a:00:00:00:00:01"), "52:54:00:00:00:01"));
  CHECK_FALSE(is_anothers(tap("fe:54:00:00:00:02"), ""));
}

TEST_CASE("an interface whose MAC is not libvirt's goes by its name") {
  CHECK(tap_of("vnet1", "0a:00:00:00:00:01") == "vnet1");
  CHECK(tap_of("veth1", "fe:54:00:00:00:01", "veth") == "veth1");
}

}  // namespace vmoat::test
