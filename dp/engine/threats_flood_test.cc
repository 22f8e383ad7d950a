// Floods, amplification and tunnels in echoes.
#include <doctest/doctest.h>

#include "engine/test_threats.h"

using namespace vmoat;
using namespace vmoat::test;

TEST_CASE("SYN flood: begun and not completed; as many that are completed are none") {
  Scene flood, busy;
  for (uint32_t i = 0; i < 9000; i++) {
    const uint32_t client = 172u << 24 | 16u << 16 | i;
    flood.ip(client, v4(2), 6, tcp(40000, 80, 1, 0, syn), 300'000);
    busy.handshake(client, v4(2), 40000, 80, 300'000);
  }
  CHECK(flood.has("syn-flood"));
  const ThreatRecord* r = flood.first("syn-flood");
  CHECK(std::memcmp(r->dst + 12, "\x0a\0\0\2", 4) == 0);
  CHECK(r->dport == 80);
  CHECK(busy.raised().empty());
}

TEST_CASE("floods of ICMP and UDP") {
  Scene icmp, udp_flows;
  for (uint32_t i = 0; i < 4000; i++) icmp.ip(v4(1), v4(2), 1, hex("0800 0000 0001") + be16(i), 500'000);
  for (uint32_t i = 0; i < 40000; i++)
    udp_flows.ip(172u << 24 | i, v4(2), 17, udp(40000, 9, text("x")), 50'000);
  CHECK(icmp.has("icmp-flood"));
  CHECK(udp_flows.has("udp-flood"));
}

TEST_CASE("session flood: one client completes 2,000 a second; 500 are none") {
  Scene flood, busy;
  for (uint32_t i = 0; i < 5000; i++)
    flood.handshake(v4(1), v4(2), static_cast<uint16_t>(1024 + i), 80, 200'000);
  for (uint32_t i = 0; i < 2000; i++)
    busy.handshake(v4(1), v4(2), static_cast<uint16_t>(1024 + i), 80, 2'000'000);
  CHECK(flood.raised() == Names{"session-flood"});
  CHECK(busy.raised().empty());
}

TEST_CASE("small windows: handshakes that offer nothing, segments that take next to nothing") {
  Scene handshakes, segments, once;
  const auto narrow = [](Buffer segment, uint16_t window) {
    segment[14] = static_cast<uint8_t>(window >> 8);
    segment[15] = static_cast<uint8_t>(window);
    return segment;
  };
  for (uint16_t i = 0; i < 12; i++) {
    const auto port = static_cast<uint16_t>(40000 + i);
    handshakes.ip(v4(1), v4(2), 6, tcp(port, 80, 100, 0, syn));
    handshakes.ip(v4(2), v4(1), 6, tcp(80, port, 500, 101, syn | ack));
    handshakes.ip(v4(1), v4(2), 6, narrow(tcp(port, 80, 101, 501, ack), 0));
  }
  segments.handshake(v4(1), v4(2), 40000, 80);
  once.handshake(v4(1), v4(2), 40000, 80);
  for (int i = 0; i < 9000; i++)
    segments.ip(v4(1), v4(2), 6, narrow(tcp(40000, 80, 101, 501, ack), 4), 300'000);
  for (int i = 0; i < 900; i++) once.ip(v4(1), v4(2), 6, narrow(tcp(40000, 80, 101, 501, ack), 4), 3'000'000);
  CHECK(handshakes.raised() == Names{"small-window"});
  CHECK(segments.raised() == Names{"small-window"});
  CHECK(once.raised().empty());
}

TEST_CASE("small MSS in a SYN; an ordinary one is none") {
  const auto offering = [](uint16_t mss) {
    Buffer segment = tcp(40000, 80, 1, 0, syn) + hex("0204") + be16(mss);
    segment[12] = 0x60;
    return segment;
  };
  Scene tiny, usual;
  tiny.ip(v4(1), v4(2), 6, offering(48));
  usual.ip(v4(1), v4(2), 6, offering(536));
  usual.ip(v4(1), v4(2), 6, offering(1460));
  CHECK(tiny.raised() == Names{"small-mss"});
  CHECK(usual.raised().empty());
}

TEST_CASE("smurf: echo requests to broadcast") {
  Scene smurf, once;
  smurf.target_mac = once.target_mac = everybody;
  for (uint16_t i = 0; i < 20; i++) smurf.ip(v4(9), v4(255), 1, hex("0800 0000 0001") + be16(i));
  once.ip(v4(9), v4(255), 1, hex("0800 0000 0001 0001"));
  CHECK(smurf.raised() == Names{"smurf"});
  CHECK(once.raised().empty());
}

namespace {

/** `rounds` questions, each answered by `datagrams` of 1,400 bytes. */
void answers(Scene& scene, uint16_t service, size_t question, int rounds, int datagrams) {
  for (int i = 0; i < rounds; i++) {
    const auto port = static_cast<uint16_t>(20000 + i);
    scene.ip(v4(1), v4(2), 17, udp(port, service, Buffer(question, 'q')), 2'000'000);
    for (int k = 0; k < datagrams; k++)
      scene.ip(v4(2), v4(1), 17, udp(service, port, Buffer(1400, 'a')), 1000, VMOAT_TO_NIC);
  }
}

}  // namespace

TEST_CASE("amplification: answers far larger than questions, and answers without any") {
  Scene ntp, walk, unasked;
  answers(ntp, 123, 48, 50, 100);
  answers(walk, 161, 45, 1000, 1);  // an SNMP walk: large, but one answer to each
  for (int i = 0; i < 200; i++) unasked.ip(v4(2), v4(1), 17, udp(1900, 40000, Buffer(600, 'a')), 1'000'000);
  CHECK(ntp.raised() == Names{"amplification"});
  CHECK(walk.raised().empty());
  CHECK(unasked.raised() == Names{"amplification"});
}

namespace {

Buffer echo(uint8_t type, uint16_t sequence, const Buffer& data) {
  return Buffer{type, 0, 0, 0, 0, 7} + be16(sequence) + data;
}

/** What Linux' ping sends: a time, then bytes that count up. */
Buffer ping_data(uint16_t sequence) {
  Buffer data = be32(sequence * 77777u) + be32(12345);
  for (uint8_t i = 8; i < 56; i++) data.push_back(i);
  return data;
}

Buffer noise(uint32_t seed, size_t size) {
  Buffer data;
  for (size_t i = 0; i < size; i++)
    data.push_back(static_cast<uint8_t>((seed = seed * 1664525 + 1013904223) >> 24));
  return data;
}

}  // namespace

TEST_CASE("tunnels in echoes: packets, foreign answers, noise; pings are none") {
  Scene packets, differing, noisy, ping;
  for (uint16_t i = 0; i < 20; i++) {
    const Buffer inner = ipv4(17, udp(1, 2, Buffer(30, 'x')));
    packets.ip(v4(1), v4(2), 1, echo(8, 0, inner));
    differing.ip(v4(1), v4(2), 1, echo(8, i, Buffer(40, 'a')));
    differing.ip(v4(2), v4(1), 1, echo(0, i, Buffer(40, 'b')));
    noisy.ip(v4(1), v4(2), 1, echo(8, i, noise(i, 300)));
    noisy.ip(v4(2), v4(1), 1, echo(0, i, noise(i, 300)));
    ping.ip(v4(1), v4(2), 1, echo(8, i, ping_data(i)));
    ping.ip(v4(2), v4(1), 1, echo(0, i, ping_data(i)));
    ping.ip(v4(3), v4(2), 1, echo(8, i, Buffer(1400, 0)));
    ping.ip(v4(4), v4(2), 1, echo(8, i, text("abcdefghijklmnopqrstuvwabcdefghijklmnopqrstuvwabcdefghi")));
  }
  CHECK(packets.raised() == Names{"icmp-tunnel"});
  CHECK(differing.raised() == Names{"icmp-tunnel"});
  CHECK(noisy.raised() == Names{"icmp-tunnel"});
  CHECK(ping.raised().empty());
}
