// Who a guest says it is: addresses, MACs, and the roles of router, server and tunnel end.
#include <doctest/doctest.h>

#include "engine/test_threats.h"

using namespace vmoat;
using namespace vmoat::test;

namespace {

constexpr uint16_t nic = 5;
constexpr uint32_t gateway = 10u << 24 | 254;

Address address(uint32_t v4) {
  const Buffer bytes = be32(v4);
  return Address::v4(bytes.data());
}

}  // namespace

TEST_CASE("ARP spoofing: answers planted with one host, and two that claim one address in turns") {
  Scene planted(nic), turns(nic);
  planted.arp(2, host_mac, gateway, v4(7), guest_mac, VMOAT_TO_NIC);
  for (int i = 0; i < 5; i++) planted.arp(2, guest_mac, gateway, v4(7), other_mac);
  for (int i = 0; i < 4; i++) {
    turns.arp(2, host_mac, gateway, gateway, everybody, VMOAT_TO_NIC);
    turns.arp(2, guest_mac, gateway, gateway, everybody);
  }
  CHECK(planted.raised() == Names{"arp-spoofing"});
  CHECK(turns.raised() == Names{"arp-spoofing"});
}

TEST_CASE("ARP: a claim of the host's own address, a sender that is not the frame's") {
  Scene own(nic), other(nic);
  own.memory->owners.set_host({address(gateway)});
  own.arp(1, guest_mac, gateway, v4(7), everybody);
  CHECK(own.raised() == Names{"arp-spoofing"});
  const Buffer sender(other_mac.begin(), other_mac.end());
  other.frame(other.ether(
      0x0806, hex("0001 0800 06 04 0002") + sender + be32(v4(9)) + hex("000000000000") + be32(v4(7))));
  CHECK(other.raised() == Names{"arp-spoofing"});
}

TEST_CASE("ARP: what moves and what is taken over is no spoofing") {
  Scene migrated(nic), vrrp(nic), asked(nic);
  for (int i = 0; i < 5; i++) {
    migrated.arp(2, guest_mac, v4(1), v4(1), everybody, i % 2 != 0 ? VMOAT_FROM_NIC : VMOAT_TO_NIC);
    asked.arp(1, host_mac, v4(7), v4(1), everybody, VMOAT_TO_NIC);
    asked.arp(2, guest_mac, v4(1), v4(7), host_mac);
  }
  vrrp.arp(2, other_mac, gateway, gateway, everybody, VMOAT_TO_NIC);
  for (int i = 0; i < 5; i++) vrrp.arp(2, guest_mac, gateway, gateway, everybody);
  for (int i = 0; i < 5; i++) vrrp.arp(2, {0, 0, 0x5e, 0, 1, 7}, gateway, gateway, everybody);
  CHECK(migrated.raised().empty());
  CHECK(vrrp.raised().empty());
  CHECK(asked.raised().empty());
}

namespace {

/** An advertisement by `mac` that fe80::1 is its own. */
Buffer advertisement(const Mac& mac, const Mac& to) {
  const Buffer own(mac.begin(), mac.end());
  const Buffer message = hex("88000000 60000000 fe800000000000000000000000000001 0201") + own;
  return Buffer(to.begin(), to.end()) + own + be16(0x86dd) + ipv6(58, message, 255);
}

}  // namespace

TEST_CASE("NDP spoofing; a single takeover is none") {
  Scene attack(nic), takeover(nic);
  for (int i = 0; i < 4; i++) {
    attack.frame(advertisement(host_mac, guest_mac), 100'000'000, VMOAT_TO_NIC);
    attack.frame(advertisement(guest_mac, other_mac), 100'000'000);
  }
  takeover.frame(advertisement(host_mac, everybody), 1000, VMOAT_TO_NIC);
  takeover.frame(advertisement(guest_mac, everybody), 1000);
  CHECK(attack.raised() == Names{"ndp-spoofing"});
  CHECK(takeover.raised().empty());
}

TEST_CASE("IP spoofing: another NIC's address, the host's, ever new ones; a router's guests are none") {
  Scene other(nic), host(nic), many(nic), router(nic);
  other.memory->owners.claim(3, address(v4(2)), other_mac, nic + 1, start_ns);
  other.ip(v4(2), v4(7), 17, udp(1000, 2000, text("x")));
  host.memory->owners.set_host({address(gateway)});
  host.ip(gateway, v4(7), 17, udp(1000, 2000, text("x")));
  for (uint32_t i = 0; i < 600; i++) {
    many.ip(172u << 24 | i, v4(7), 6, tcp(1000, 80, 1, 0, syn));
    router.handshake(172u << 24 | i, v4(7), 1000, 80);
  }
  many.silence(4);
  router.silence(4);
  CHECK(other.raised() == Names{"ip-spoofing"});
  CHECK(host.raised() == Names{"ip-spoofing"});
  CHECK(many.raised() == Names{"ip-spoofing"});
  CHECK(router.raised().empty());
}

TEST_CASE("MAC spoofing: not the NIC's; its own, the one that routers share, and unknown NICs are none") {
  const auto sends = [](const Mac& from, const Mac& own) {
    Scene scene(nic);
    scene.memory->owners.set_nic(nic, {own});
    scene.source_mac = from;
    scene.ip(v4(1), v4(7), 17, udp(1000, 2000, text("x")));
    return scene.raised();
  };
  CHECK(sends(other_mac, guest_mac) == Names{"mac-spoofing"});
  CHECK(sends(guest_mac, guest_mac).empty());
  CHECK(sends({0, 0, 0x5e, 0, 1, 7}, guest_mac).empty());
  CHECK(sends(other_mac, {}).empty());
}

TEST_CASE("rogue DHCP server and router: a guest's, not the network's own") {
  Buffer offer = Buffer(240, 0);
  offer[0] = 2;
  const Buffer server = udp(67, 68, offer);
  const Buffer router = ipv6(58, hex("86000000 40000708 00000000 00000000"), 255);
  for (const uint8_t way : {VMOAT_FROM_NIC, VMOAT_TO_NIC}) {
    Scene dhcp(nic), ra(nic);
    dhcp.ip(v4(9), v4(10), 17, server, 1000, way);
    ra.frame(ra.ether(0x86dd, router, way), 1000, way);
    CHECK(dhcp.raised() == (way == VMOAT_FROM_NIC ? Names{"rogue-dhcp"} : Names{}));
    CHECK(ra.raised() == (way == VMOAT_FROM_NIC ? Names{"rogue-ra"} : Names{}));
  }
}

TEST_CASE("VTEP injection: to the host's own tunnel ends only") {
  const Buffer vxlan =
      udp(40000, 4789, hex("0800000000000100") + ethernet(0x0800, ipv4(17, udp(1, 2, text("x")))));
  Scene attack(nic), ordinary(nic);
  attack.memory->owners.set_host({address(gateway)});
  ordinary.memory->owners.set_host({address(gateway)});
  attack.ip(v4(1), gateway, 17, vxlan);
  ordinary.ip(v4(1), v4(8), 17, vxlan);
  ordinary.ip(v4(1), gateway, 17, udp(40000, 53, text("x")));
  CHECK(attack.raised() == Names{"vtep-injection"});
  CHECK(ordinary.raised().empty());
}
