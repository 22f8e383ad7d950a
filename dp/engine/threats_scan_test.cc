// Scans, brute force, beacons and lateral movement: attacks are seen, busy ordinary hosts are not.
#include <doctest/doctest.h>

#include "engine/test_threats.h"

using namespace vmoat;
using namespace vmoat::test;

TEST_CASE("port scan: closed ports, silent ports, and the one source that tries them") {
  for (const bool refused : {false, true}) {
    Scene scene;
    for (uint16_t port = 1; port <= 60; port++) {
      scene.ip(v4(1), v4(2), 6, tcp(40000, port, 1, 0, syn));
      if (refused) scene.ip(v4(2), v4(1), 6, tcp(port, 40000, 0, 2, rst | ack), 1000);
    }
    scene.silence(4);
    CHECK(scene.raised() == Names{"port-scan"});
    const ThreatRecord* r = scene.first("port-scan");
    CHECK(std::memcmp(r->src + 12, "\x0a\0\0\1", 4) == 0);
    CHECK(std::memcmp(r->dst + 12, "\x0a\0\0\2", 4) == 0);
    const std::string evidence(reinterpret_cast<const char*>(r->evidence), r->evidence_length);
    CHECK(evidence.find(" ports of 10.0.0.2 did not answer, last 60") != std::string::npos);
  }
}

TEST_CASE("port scan: UDP ports that nobody answers; a traceroute is none") {
  Scene scan, trace;
  for (uint16_t i = 0; i < 60; i++) {
    scan.ip(v4(1), v4(2), 17, udp(40000, static_cast<uint16_t>(1000 + i), text("x")));
    trace.ip(v4(1), v4(2), 17, udp(40000, static_cast<uint16_t>(33434 + i), text("x")));
  }
  scan.silence(4);
  trace.silence(4);
  CHECK(scan.raised() == Names{"port-scan"});
  CHECK(trace.raised().empty());
}

TEST_CASE("host scan: one port on many hosts, ping on many hosts") {
  Scene by_port, by_ping;
  for (uint8_t i = 0; i < 180; i++) {
    by_port.ip(v4(1), v4(i, 1), 6, tcp(40000, 445, 1, 0, syn));
    by_ping.ip(v4(1), v4(i, 1), 1, hex("0800 0000 0001 0001"));
  }
  by_port.silence(4);
  by_ping.silence(4);
  CHECK(by_port.raised() == Names{"host-scan"});
  CHECK(by_ping.raised() == Names{"host-scan"});
}

TEST_CASE("slow scan: one attempt every ten seconds for an hour") {
  Scene scene;
  for (uint16_t i = 0; i < 340; i++)
    scene.ip(v4(1), v4(static_cast<uint8_t>(i % 50), 1), 6,
             tcp(40000, static_cast<uint16_t>(20 + i / 50), 1, 0, syn), 10 * second_ns);
  CHECK(scene.raised() == Names{"slow-scan"});
}

TEST_CASE("busy and ordinary: no scan") {
  SUBCASE("a web client with 200 connections to one server") {
    Scene scene;
    for (uint16_t i = 0; i < 200; i++) scene.handshake(v4(1), v4(2), static_cast<uint16_t>(40000 + i), 443);
    scene.silence(10);
    CHECK(scene.raised().empty());
  }
  SUBCASE("a monitoring host that pings 100 machines every 10 s, a third of them gone") {
    Scene scene;
    for (int round = 0; round < 30; round++)
      for (uint8_t i = 0; i < 100; i++) {
        const Buffer id = be16(size_t{i} + 1) + be16(static_cast<size_t>(round));
        scene.ip(v4(1), v4(i, 1), 1, hex("0800 0000") + id, 100'000'000);
        if (i % 3 != 0) scene.ip(v4(i, 1), v4(1), 1, hex("0000 0000") + id, 1000);
      }
    CHECK(scene.raised().empty());
  }
  SUBCASE("a resolver") {
    Scene scene;
    for (uint16_t i = 0; i < 2000; i++) {
      const uint32_t server = 8u << 24 | i % 300;
      const auto port = static_cast<uint16_t>(20000 + i);
      scene.ip(v4(1), server, 17, udp(port, 53, hex("1234 0100 0001 0000 0000 0000 0161 00 0001 0001")));
      if (i % 50 != 0)
        scene.ip(server, v4(1), 17, udp(53, port, hex("1234 8183 0001 0000 0000 0000 0161 00 0001 0001")),
                 1000);
    }
    CHECK(scene.raised().empty());
  }
  SUBCASE("a crawler, of whose servers some are gone") {
    Scene scene;
    for (uint32_t i = 0; i < 3000; i++) {
      const uint32_t server = 93u << 24 | i;
      if (i % 40 == 0) {
        scene.ip(v4(1), server, 6, tcp(40000, 443, 1, 0, syn), 20'000'000);
      } else {
        scene.handshake(v4(1), server, 40000, 443, 20'000'000);
      }
    }
    scene.silence(10);
    CHECK(scene.raised().empty());
  }
  SUBCASE("a load balancer with health checks, one of its servers down") {
    Scene scene;
    for (uint16_t i = 0; i < 600; i++) {
      const auto server = v4(static_cast<uint8_t>(10 + i % 6));
      const auto port = static_cast<uint16_t>(30000 + i);
      if (i % 6 == 0) {
        scene.ip(v4(1), server, 6, tcp(port, 22, 1, 0, syn), 300'000'000);
        scene.ip(server, v4(1), 6, tcp(22, port, 0, 2, rst | ack), 1000);
      } else {
        scene.handshake(v4(1), server, port, 22, 300'000'000);
        scene.close(v4(1), server, port, 22);
      }
    }
    CHECK(scene.raised().empty());
  }
}

namespace {

/** A session of ssh that does not get in. */
void ssh_session(Scene& scene, uint16_t port, int64_t after_ns) {
  const uint32_t client = v4(1), server = v4(2);
  const Buffer hello = text("SSH-2.0-OpenSSH_9.2p1\r\n");
  scene.handshake(client, server, port, 22, after_ns);
  uint32_t mine = 101, its = 501;
  for (const Buffer& more : {hello, Buffer(200, 1), Buffer(100, 2)}) {
    scene.ip(server, client, 6, tcp(22, port, its, mine, psh | ack, more), 1000);
    its += static_cast<uint32_t>(more.size());
    scene.ip(client, server, 6, tcp(port, 22, mine, its, psh | ack, more), 1000);
    mine += static_cast<uint32_t>(more.size());
  }
  scene.ip(client, server, 6, tcp(port, 22, mine, its, fin | ack), 1000);
  scene.ip(server, client, 6, tcp(22, port, its, mine + 1, fin | ack), 1000);
  scene.ip(client, server, 6, tcp(port, 22, mine + 1, its + 1, ack), 1000);
}

}  // namespace

TEST_CASE("brute force: many short sessions of ssh; a few are none") {
  Scene attack, ordinary;
  for (uint16_t i = 0; i < 60; i++) ssh_session(attack, static_cast<uint16_t>(30000 + i), 500'000'000);
  for (uint16_t i = 0; i < 60; i++) ssh_session(ordinary, static_cast<uint16_t>(30000 + i), 5 * second_ns);
  CHECK(attack.raised() == Names{"brute-force"});
  CHECK(ordinary.raised().empty());
}

TEST_CASE("beaconing: as regular as a clock, to the outside") {
  constexpr uint32_t outside = 203u << 24 | 9;
  Scene beacon, by_hand, inside;
  for (uint16_t i = 0; i < 20; i++) {
    const auto port = static_cast<uint16_t>(40000 + i);
    beacon.handshake(v4(1), outside, port, 443, 60 * second_ns + i % 3 * second_ns);
    by_hand.handshake(v4(1), outside, port, 443, (10 + i * i % 50) * second_ns);
    inside.handshake(v4(1), v4(2), port, 443, 60 * second_ns);
  }
  CHECK(beacon.raised() == Names{"beaconing"});
  CHECK(by_hand.raised().empty());
  CHECK(inside.raised().empty());
}

TEST_CASE("lateral movement: many new peers on administration ports, once") {
  Scene scene, few;
  for (uint8_t i = 0; i < 40; i++) {
    scene.handshake(v4(1), v4(i, 1), 40000, i % 2 != 0 ? 22 : 445, 2 * second_ns);
    few.handshake(v4(1), v4(i % 10, 1), static_cast<uint16_t>(40000 + i), 22, 2 * second_ns);
  }
  CHECK(scene.raised() == Names{"lateral-movement"});
  CHECK(few.raised().empty());
}
