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

namespace {

/** DHCP messages between a guest with a server and its segment. */
struct DhcpScene : Scene {
  DhcpScene() : Scene(nic) {}

  void ask(uint8_t transaction, uint8_t way = VMOAT_TO_NIC) {
    ip(0, 0xffffffff, 17, udp(68, 67, message(1, transaction)), 1000, way);
  }
  void answer(uint8_t transaction, const Mac& server = guest_mac) {
    source_mac = server;
    ip(v4(9), v4(10), 17, udp(67, 68, message(2, transaction)), 1000);
  }
  void answer_from_outside(uint8_t transaction) {
    ip(v4(8), v4(10), 17, udp(67, 68, message(2, transaction)), 1000, VMOAT_TO_NIC);
  }
  void dhcp6(uint8_t type, uint16_t from, uint16_t to, uint8_t way) {
    const Buffer packet = ipv6(17, udp(from, to, hex("00 123456 0001 0000")), 64);
    Buffer bytes = ether(0x86dd, packet, way);
    bytes[bytes.size() - 8] = type;
    frame(bytes, 1000, way);
  }
  /** Lets the time pass after which an answer is one that nobody asked for. */
  Names judged() {
    rig.now_ns += 5 * second_ns;
    rig.pipeline.meters({.slot = nic, .segment = 3, .seconds = 1, .counts = {}}, rig.now_ns);
    return raised();
  }

 private:
  static Buffer message(uint8_t operation, uint8_t transaction) {
    Buffer bytes(240, 0);
    bytes[0] = operation;
    bytes[7] = transaction;
    return bytes;
  }
};

}  // namespace

TEST_CASE("DHCP: the only server of a segment, asked, is no rogue") {
  DhcpScene asked, late, repeated;
  for (uint8_t n = 0; n < 5; n++) {
    asked.ask(n);
    asked.answer(n);
    late.answer(n);  // its request is still with another worker
    late.ask(n, VMOAT_FROM_NIC);
  }
  repeated.ask(1);
  for (int i = 0; i < 4; i++) {
    repeated.silence(40);
    repeated.ask(1);
  }
  repeated.silence(30);
  repeated.answer(1);
  CHECK(asked.judged().empty());
  CHECK(late.judged().empty());
  CHECK(repeated.judged().empty());
}

TEST_CASE("rogue DHCP server: answers that nobody asked for, also within one flow") {
  DhcpScene unasked, mixed;
  unasked.answer(1);
  CHECK(unasked.judged() == Names{"rogue-dhcp"});
  const ThreatRecord* r = unasked.first("rogue-dhcp");
  const std::string_view evidence(reinterpret_cast<const char*>(r->evidence), r->evidence_length);
  CHECK(evidence == "10.0.0.9 at 52:54:00:00:00:01 answers a DHCP request that nobody sent");
  mixed.ask(1);
  mixed.answer(1);
  mixed.answer(2);
  CHECK(mixed.judged() == Names{"rogue-dhcp"});
}

TEST_CASE("rogue DHCP server: a guest beside another one, and beside the bridge's own") {
  DhcpScene second, beside, after, moved;
  second.ask(1);
  second.answer(1);
  CHECK(second.judged().empty());
  second.answer(1, other_mac);
  CHECK(second.raised() == Names{"rogue-dhcp"});
  beside.ask(1);
  beside.answer_from_outside(1);
  CHECK(beside.judged().empty());
  beside.answer(1);
  CHECK(beside.raised() == Names{"rogue-dhcp"});
  after.ask(1);
  after.answer(1);
  after.answer_from_outside(1);
  CHECK(after.judged().empty());
  after.answer(1);
  CHECK(after.raised() == Names{"rogue-dhcp"});
  moved.ask(1);
  moved.answer_from_outside(1);
  moved.answer(1, moved.target_mac);
  CHECK(moved.judged().empty());
}

TEST_CASE(
    "rogue DHCPv6 server: as with DHCP; clients' messages and a server's call to renew are no answers") {
  constexpr uint8_t solicit = 1, advertise = 2, reply = 7, reconfigure = 10;
  DhcpScene asked, unasked, called;
  asked.dhcp6(solicit, 546, 547, VMOAT_TO_NIC);
  asked.dhcp6(advertise, 547, 546, VMOAT_FROM_NIC);
  unasked.dhcp6(reply, 547, 546, VMOAT_FROM_NIC);
  called.dhcp6(reconfigure, 547, 546, VMOAT_FROM_NIC);
  CHECK(asked.judged().empty());
  CHECK(unasked.judged() == Names{"rogue-dhcp"});
  CHECK(called.judged().empty());
}

TEST_CASE("rogue router: a guest beside another router, or in its name; the only one is none") {
  const auto advertise = [](Scene& scene, const Mac& router, uint8_t way, uint16_t lifetime_s = 1800) {
    (way == VMOAT_FROM_NIC ? scene.source_mac : scene.target_mac) = router;
    const Buffer message = hex("86000000 4000") + be16(lifetime_s) + hex("00000000 00000000");
    scene.frame(scene.ether(0x86dd, ipv6(58, message, 255), way), 1000, way);
  };
  Scene only(nic), outside(nic), second(nic), ended(nic), virtual_router(nic);
  for (int i = 0; i < 3; i++) advertise(only, guest_mac, VMOAT_FROM_NIC, i == 2 ? 0 : 1800);
  advertise(outside, host_mac, VMOAT_TO_NIC);
  CHECK(outside.raised().empty());
  advertise(outside, guest_mac, VMOAT_FROM_NIC);
  advertise(second, guest_mac, VMOAT_FROM_NIC);
  advertise(second, other_mac, VMOAT_FROM_NIC);
  advertise(ended, host_mac, VMOAT_TO_NIC);
  advertise(ended, guest_mac, VMOAT_FROM_NIC, 0);
  for (int i = 0; i < 3; i++) advertise(virtual_router, {0, 0, 0x5e, 0, 2, 7}, VMOAT_FROM_NIC);
  CHECK(only.raised().empty());
  CHECK(outside.raised() == Names{"rogue-ra"});
  CHECK(second.raised() == Names{"rogue-ra"});
  CHECK(ended.raised() == Names{"rogue-ra"});
  CHECK(virtual_router.raised().empty());
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
