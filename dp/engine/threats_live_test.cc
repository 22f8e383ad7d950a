// Every threat on a live NIC under default settings, and ordinary traffic beside it that raises none.
#include <unistd.h>

#include <chrono>

#include "engine/test_live.h"

using namespace vmoat;
using namespace vmoat::test;
using namespace std::chrono_literals;

namespace {

constexpr uint32_t host = 10u << 24 | 99 << 16 | 1, outside = 203u << 24 | 113 << 8 | 9;

void fragment(const LiveNic& nic, uint8_t proto, uint16_t id, uint32_t offset, bool more,
              const Buffer& body) {
  const auto field = static_cast<uint16_t>(offset / 8 | (more ? 0x2000 : 0));
  nic.send(LiveNic::ether(guest_mac, host_mac, 0x0800, ipv4(proto, body, field, id)));
}

/** A session of ssh in which the guest does not get in. */
void ssh(const LiveNic& nic, uint16_t port) {
  const uint32_t client = v4(1), server = v4(2);
  nic.connect(client, server, port, 22);
  uint32_t mine = 101, its = 501;
  for (const Buffer& more : {text("SSH-2.0-OpenSSH_9.2p1\r\n"), Buffer(200, 1), Buffer(100, 2)}) {
    nic.receive_ip(server, client, 6, tcp(22, port, its, mine, psh | ack, more));
    its += static_cast<uint32_t>(more.size());
    nic.send_ip(client, server, 6, tcp(port, 22, mine, its, psh | ack, more));
    mine += static_cast<uint32_t>(more.size());
  }
  nic.send_ip(client, server, 6, tcp(port, 22, mine, its, fin | ack));
  nic.receive_ip(server, client, 6, tcp(22, port, its, mine + 1, fin | ack));
  nic.send_ip(client, server, 6, tcp(port, 22, mine + 1, its + 1, ack));
}

Buffer advertisement(const Mac& mac, const Mac& to) {
  const Buffer own(mac.begin(), mac.end());
  const Buffer message = hex("88000000 60000000 fe800000000000000000000000000001 0201") + own;
  return LiveNic::ether(mac, to, 0x86dd, ipv6(58, message, 255));
}

Buffer small_mss() {
  Buffer segment = tcp(40000, 80, 1, 0, syn) + hex("02040030");
  segment[12] = 0x60;
  return segment;
}

Buffer without_window(Buffer segment) {
  segment[14] = segment[15] = 0;
  return segment;
}

uint16_t port_of(uint32_t n) {
  return static_cast<uint16_t>(1024 + n % 60000);
}

/** An IPv4 frame of a flood, with other ports: sanitized, making one takes longer than all the rest. */
const Buffer& with_ports(Buffer& frame, uint16_t from, uint16_t to) {
  const uint16_t ports[] = {from, to};
  for (size_t i = 0; i < 2; i++) {
    frame[34 + 2 * i] = static_cast<uint8_t>(ports[i] >> 8);
    frame[35 + 2 * i] = static_cast<uint8_t>(ports[i]);
  }
  return frame;
}

std::vector<LiveCase> single_packets() {
  const auto sends = [](uint8_t proto, const Buffer& body, uint32_t to = v4(2)) {
    return [=](const LiveNic& nic, uint32_t) { nic.send_ip(v4(1), to, proto, body); };
  };
  return {
      {"tcp-flags", sends(6, tcp(40000, 80, 1, 0, syn | fin))},
      {"invalid-packet", sends(6, hex("9c40 0050 00000001 00000000 1002 ffff 0000 0000"))},
      {"land", sends(6, tcp(80, 80, 1, 0, syn), v4(1))},
      {"syn-with-data", sends(6, tcp(40000, 80, 1, 0, syn, text("data")))},
      {"small-mss", sends(6, small_mss())},
      {"teardrop",
       [](const LiveNic& nic, uint32_t n) {
         const auto id = static_cast<uint16_t>(n);
         fragment(nic, 17, id, 0, true, udp(1, 2, Buffer(56, 'a')));
         fragment(nic, 17, id, 24, false, Buffer(64, 'b'));
       }},
      {"ping-of-death",
       [](const LiveNic& nic, uint32_t n) {
         const auto id = static_cast<uint16_t>(n);
         fragment(nic, 1, id, 0, true, hex("0800 0000 0001 0001") + Buffer(1400, 'a'));
         fragment(nic, 1, id, 65528, false, Buffer(1000, 'a'));
       }},
      {"fragment-abuse",
       [](const LiveNic& nic, uint32_t n) {
         const auto id = static_cast<uint16_t>(n);
         fragment(nic, 6, id, 0, true, tcp(1, 2, 3, 4, syn));
         fragment(nic, 6, id, 8, false, Buffer(16, 2));
       }},
      {"split-handshake",
       [](const LiveNic& nic, uint32_t n) {
         const uint16_t port = port_of(n);
         nic.send_ip(v4(1), v4(2), 6, tcp(port, 80, 100, 0, syn));
         nic.receive_ip(v4(2), v4(1), 6, tcp(80, port, 500, 0, syn));
         nic.send_ip(v4(1), v4(2), 6, tcp(port, 80, 100, 501, syn | ack));
         nic.receive_ip(v4(2), v4(1), 6, tcp(80, port, 501, 101, ack));
       }},
  };
}

std::vector<LiveCase> floods() {
  return {
      {"syn-flood",
       [](const LiveNic& nic, uint32_t n) {
         Buffer begun = LiveNic::packet(host_mac, guest_mac, outside, v4(1), 6, tcp(0, 0, 1, 0, syn));
         for (uint32_t i = 0; i < 2000; i++) nic.receive(with_ports(begun, port_of(2000 * n + i), 80));
       }},
      {"icmp-flood",
       [](const LiveNic& nic, uint32_t) {
         for (uint32_t i = 0; i < 2000; i++) nic.send_ip(v4(1), v4(2), 1, hex("0800 0000 0001") + be16(i));
       }},
      {"udp-flood",
       [](const LiveNic& nic, uint32_t n) {
         Buffer datagram = LiveNic::packet(guest_mac, host_mac, v4(1), v4(2), 17, udp(0, 0, text("x")));
         for (uint32_t i = 0; i < 5000; i++)
           nic.send(with_ports(datagram, port_of(n), static_cast<uint16_t>(1 + i)));
       }},
      {"session-flood",
       [](const LiveNic& nic, uint32_t n) {
         const auto sent = [](uint32_t seq, uint32_t acked, uint8_t flags) {
           return LiveNic::packet(guest_mac, host_mac, v4(1), v4(2), 6, tcp(0, 0, seq, acked, flags));
         };
         Buffer first = sent(100, 0, syn), third = sent(101, 501, ack);
         Buffer second =
             LiveNic::packet(host_mac, guest_mac, v4(2), v4(1), 6, tcp(0, 0, 500, 101, syn | ack));
         if (n != 0) ::sleep(3);  // a slow engine is still reading the floods before: what comes now is lost
         // those that complete connections count, and come behind each other
         constexpr uint32_t connections = 2500;
         for (uint32_t i = 0; i < connections; i++) {
           const uint16_t port = port_of(connections * n + i);
           nic.send(with_ports(first, port, 80));
           nic.receive(with_ports(second, 80, port));
         }
         for (uint32_t i = 0; i < connections; i++)
           nic.send(with_ports(third, port_of(connections * n + i), 80));
       }},
      {"small-window",
       [](const LiveNic& nic, uint32_t n) {
         nic.send_ip(v4(1), v4(2), 6, tcp(port_of(n), 80, 100, 0, syn));
         nic.receive_ip(v4(2), v4(1), 6, tcp(80, port_of(n), 500, 101, syn | ack));
         nic.send_ip(v4(1), v4(2), 6, without_window(tcp(port_of(n), 80, 101, 501, ack)));
       }},
      {"smurf",
       [](const LiveNic& nic, uint32_t n) {
         nic.send(LiveNic::packet(guest_mac, everybody, v4(9), v4(255), 1, hex("0800 0000 0001") + be16(n)));
       }},
      {"amplification",
       [](const LiveNic& nic, uint32_t n) {
         nic.receive_ip(outside, v4(1), 17, udp(port_of(n), 123, Buffer(8, 'q')));
         for (int i = 0; i < 400; i++)
           nic.send_ip(v4(1), outside, 17, udp(123, port_of(n), Buffer(1400, 'a')));
       }},
      {"icmp-tunnel",
       [](const LiveNic& nic, uint32_t n) {
         nic.send_ip(v4(1), v4(2), 1, hex("0800 0000 0001") + be16(n) + ipv4(17, udp(1, 2, Buffer(30, 'x'))));
       }},
  };
}

std::vector<LiveCase> scans() {
  return {
      {"port-scan",
       [](const LiveNic& nic, uint32_t n) {
         const auto port = static_cast<uint16_t>(1 + n);
         nic.send_ip(v4(1), v4(2), 6, tcp(40000, port, 1, 0, syn));
         nic.receive_ip(v4(2), v4(1), 6, tcp(port, 40000, 0, 2, rst | ack));
       }},
      {"host-scan",
       [](const LiveNic& nic, uint32_t n) {
         if (n < 200) nic.send_ip(v4(1), v4(static_cast<uint8_t>(n), 1), 6, tcp(40000, 445, 1, 0, syn));
       }},
      {"slow-scan",
       [](const LiveNic& nic, uint32_t n) {
         if (n < 400)
           nic.send_ip(v4(1), v4(static_cast<uint8_t>(n % 50), 1), 6,
                       tcp(40000, static_cast<uint16_t>(20 + n / 50), 1, 0, syn));
       }},
      {"brute-force", [](const LiveNic& nic, uint32_t n) { ssh(nic, port_of(n)); }},
      {"lateral-movement",
       [](const LiveNic& nic, uint32_t n) {
         if (n < 200) nic.connect(v4(1), v4(static_cast<uint8_t>(n), 1), 40000, 22);
       }},
  };
}

std::vector<LiveCase> identities() {
  return {
      {"arp-spoofing",
       [](const LiveNic& nic, uint32_t) {
         nic.arp(2, host_mac, v4(254), v4(254), everybody, false);
         nic.arp(2, guest_mac, v4(254), v4(7), other_mac, true);
       }},
      {"ndp-spoofing",
       [](const LiveNic& nic, uint32_t) {
         nic.receive(advertisement(host_mac, guest_mac));
         nic.send(advertisement(guest_mac, other_mac));
       }},
      {"ip-spoofing", [](const LiveNic& nic,
                         uint32_t n) { nic.send_ip(host, v4(7), 17, udp(port_of(n), 2000, text("x"))); }},
      {"mac-spoofing",
       [](const LiveNic& nic, uint32_t n) {
         nic.send(LiveNic::packet(other_mac, host_mac, v4(1), v4(7), 17, udp(port_of(n), 2000, text("x"))));
       }},
      {"rogue-dhcp",
       [](const LiveNic& nic, uint32_t) {
         Buffer offer(240, 0);
         offer[0] = 2;
         nic.send_ip(v4(9), v4(10), 17, udp(67, 68, offer));
       }},
      {"rogue-ra",
       [](const LiveNic& nic, uint32_t) {
         nic.receive(LiveNic::ether(host_mac, guest_mac, 0x86dd,
                                    ipv6(58, hex("86000000 40000708 00000000 00000000"), 255)));
         nic.send(LiveNic::ether(guest_mac, host_mac, 0x86dd,
                                 ipv6(58, hex("86000000 40000708 00000000 00000000"), 255)));
       }},
      {"vtep-injection",
       [](const LiveNic& nic, uint32_t n) {
         nic.send_ip(v4(1), host, 17, udp(port_of(n), 4789, hex("0800000000000100") + Buffer(60, 0)));
       }},
  };
}

std::vector<LiveCase> ordinary() {
  return {
      {"",  // a web client with many connections to one server
       [](const LiveNic& nic, uint32_t n) {
         for (uint32_t i = 0; i < 40; i++) nic.connect(v4(1), v4(2), port_of(40 * n + i), 443);
       }},
      {"",  // a monitoring host that pings
       [](const LiveNic& nic, uint32_t n) {
         for (uint8_t i = 0; i < 20; i++) {
           const Buffer rest = hex("0000") + be16(size_t{i} + 1) + be16(n) + Buffer(56, 7);
           nic.send_ip(v4(1), v4(i, 1), 1, hex("0800") + rest);
           nic.receive_ip(v4(i, 1), v4(1), 1, hex("0000") + rest);
         }
       }},
      {"",  // a guest that is the only DHCP server and the only router of its segment
       [](const LiveNic& nic, uint32_t n) {
         Buffer message(240, 0);
         message[0] = 1, message[7] = static_cast<uint8_t>(n);
         nic.receive_ip(0, 0xffffffff, 17, udp(68, 67, message));
         message[0] = 2;
         nic.send_ip(v4(1), v4(10), 17, udp(67, 68, message));
         nic.send(LiveNic::ether(guest_mac, host_mac, 0x86dd,
                                 ipv6(58, hex("86000000 40000708 00000000 00000000"), 255)));
       }},
      {"",  // a guest of libvirt's network: DHCP, ARP and router from the bridge, a move announced
       [](const LiveNic& nic, uint32_t) {
         Buffer offer(240, 0);
         offer[0] = 2;
         nic.receive_ip(v4(254), v4(1), 17, udp(67, 68, offer));
         nic.receive(LiveNic::ether(host_mac, guest_mac, 0x86dd,
                                    ipv6(58, hex("86000000 40000708 00000000 00000000"), 255)));
         nic.arp(1, guest_mac, v4(1), v4(254), everybody, true);
         nic.arp(2, host_mac, v4(254), v4(1), guest_mac, false);
         nic.arp(2, guest_mac, v4(1), v4(1), everybody, true);
         nic.arp(2, {0, 0, 0x5e, 0, 1, 7}, v4(253), v4(253), everybody, true);
       }},
      {"",  // a resolver
       [](const LiveNic& nic, uint32_t n) {
         for (uint32_t i = 0; i < 50; i++) {
           const uint16_t port = port_of(50 * n + i);
           const Buffer name = hex("0001 0000 0000 0000 0161 00 0001 0001");
           nic.send_ip(v4(1), outside + i, 17, udp(port, 53, hex("1234 0100") + name));
           nic.receive_ip(outside + i, v4(1), 17, udp(53, port, hex("1234 8183") + name));
         }
       }},
  };
}

/** Calls it, with pauses, until the threat is raised at the NIC; false where that takes too long. */
bool attack(Raised& raised, const LiveNic& nic, uint16_t slot, const LiveCase& one) {
  const auto end = std::chrono::steady_clock::now() + 120s;
  for (uint32_t n = 0; std::chrono::steady_clock::now() < end; n++) {
    one.run(nic, n);
    if (raised.within(n % 8 == 7 ? 5ms : 0ms, slot, one.threat)) return true;
  }
  return false;
}

DataplaneConfig defaults() {
  DataplaneConfig config;
  config.pin_root = "/sys/fs/bpf/vmt-threats-" + std::to_string(::getpid());
  return config;
}

struct Lab {
  explicit Lab(Raised& sink) {
    auto started = Dataplane::start(defaults(), sink);
    if (!started) FAIL(started.error().what);
    dataplane = std::move(*started);
  }
  OwnNamespace space;
  std::unique_ptr<Dataplane> dataplane;
};

std::vector<LiveCase> all_attacks() {
  std::vector<LiveCase> all;
  for (auto part : {single_packets(), scans(), identities(), floods()})
    all.insert(all.end(), part.begin(), part.end());
  return all;
}

}  // namespace

TEST_CASE("live: every threat is raised at the NIC where it happens, under default settings") {
  if (!has_root()) return;
  Raised raised;
  Lab lab(raised);
  REQUIRE(run("ip link add vmt-host type bridge && ip addr add 10.99.0.1/16 dev vmt-host"));
  lab.dataplane->expect({{.tap = "vmt-mac-spoof", .mac = "52:54:00:00:00:01"}});
  int number = 0;
  for (const LiveCase& one : all_attacks()) {
    CAPTURE(one.threat);
    const std::string tap =
        one.threat == "mac-spoofing" ? "vmt-mac-spoof" : "vmt-n" + std::to_string(number++);
    const LiveNic nic(tap);
    const uint16_t slot = raised.slot_of(tap);
    REQUIRE(slot != no_slot);
    CHECK(attack(raised, nic, slot, one));
  }
  CHECK(lab.dataplane->stop(true).ok());
}

TEST_CASE("live: regular calls to the outside are beacons") {
  if (!has_root()) return;
  Raised raised;
  Lab lab(raised);
  const LiveNic nic("vmt-beacon");
  const uint16_t slot = raised.slot_of("vmt-beacon");
  bool seen = false;
  for (uint32_t n = 0; n < 40 && !seen; n++) {
    nic.connect(v4(1), outside, port_of(n), 443);
    seen = raised.within(6s, slot, "beaconing");
  }
  CHECK(seen);
  CHECK(lab.dataplane->stop(true).ok());
}

TEST_CASE("live: ordinary traffic raises nothing") {
  if (!has_root()) return;
  Raised raised;
  Lab lab(raised);
  int number = 0;
  for (const LiveCase& one : ordinary()) {
    const std::string tap = "vmt-n" + std::to_string(number++);
    const LiveNic nic(tap);
    const uint16_t slot = raised.slot_of(tap);
    REQUIRE(slot != no_slot);
    for (uint32_t n = 0; n < 20; n++) one.run(nic, n);
    CHECK(raised.reports(5));
    CHECK(raised.at(slot) == std::set<std::string>{});
  }
  CHECK(lab.dataplane->stop(true).ok());
}
