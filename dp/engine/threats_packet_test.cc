// Threats that single packets and fragments are; and the machinery: bits, incidents, settings.
#include <doctest/doctest.h>

#include "engine/test_threats.h"

using namespace vmoat;
using namespace vmoat::test;

TEST_CASE("TCP flags that no stack sends") {
  for (const uint8_t flags :
       {uint8_t{0}, uint8_t{fin | psh | urg}, uint8_t{syn | fin}, uint8_t{syn | rst}, fin}) {
    Scene scene;
    scene.ip(v4(1), v4(2), 6, tcp(40000, 80, 1, 0, flags));
    CHECK(scene.has("tcp-flags"));
  }
}

TEST_CASE("invalid headers, LAND, data with a SYN") {
  Scene invalid, land, data, fast_open;
  invalid.ip(v4(1), v4(2), 6, hex("9c40 0050 00000001 00000000 1002 ffff 0000 0000"));
  land.ip(v4(1), v4(1), 6, tcp(80, 80, 1, 0, syn));
  data.ip(v4(1), v4(2), 6, tcp(40000, 80, 1, 0, syn, text("data")));
  Buffer asks = tcp(40000, 80, 1, 0, syn) + hex("2202 0101") + text("data");
  asks[12] = 0x60;
  fast_open.ip(v4(1), v4(2), 6, asks);
  CHECK(invalid.raised() == Names{"invalid-packet"});
  CHECK(land.raised() == Names{"land"});
  CHECK(data.raised() == Names{"syn-with-data"});
  CHECK(fast_open.raised().empty());
}

TEST_CASE("split handshake") {
  Scene scene;
  scene.ip(v4(1), v4(2), 6, tcp(40000, 80, 100, 0, syn));
  scene.ip(v4(2), v4(1), 6, tcp(80, 40000, 500, 0, syn));
  scene.ip(v4(1), v4(2), 6, tcp(40000, 80, 100, 501, syn | ack));
  scene.ip(v4(2), v4(1), 6, tcp(80, 40000, 501, 101, ack));
  CHECK(scene.has("split-handshake"));
}

namespace {

void fragment(Scene& scene, uint8_t proto, uint16_t id, uint32_t offset, bool more, const Buffer& body) {
  const auto field = static_cast<uint16_t>(offset / 8 | (more ? 0x2000 : 0));
  scene.frame(scene.ether(0x0800, ipv4(proto, body, field, id)));
}

}  // namespace

TEST_CASE("fragments: overlaps, too large a ping, over the flags, never whole; ordinary ones are none") {
  Scene teardrop, ping, flags, incomplete, ordinary;
  fragment(teardrop, 17, 1, 0, true, udp(1, 2, Buffer(56, 'a')));
  fragment(teardrop, 17, 1, 24, false, Buffer(64, 'b'));
  fragment(ping, 1, 1, 0, true, hex("0800 0000 0001 0001") + Buffer(1400, 'a'));
  fragment(ping, 1, 1, 65528, false, Buffer(1000, 'a'));
  fragment(flags, 6, 1, 0, true, tcp(1, 2, 3, 4, syn));
  fragment(flags, 6, 1, 8, false, Buffer(16, 2));
  for (uint16_t id = 0; id < 260; id++) {
    fragment(incomplete, 17, id, 0, true, udp(1, 2, Buffer(56, 'a')));
    if (id % 60 == 59) incomplete.silence(31);
  }
  for (uint16_t id = 0; id < 300; id++) {
    fragment(ordinary, 17, id, 0, true, udp(1, 2, Buffer(1472, 'a')));
    fragment(ordinary, 17, id, 1480, false, Buffer(500, 'a'));
  }
  CHECK(teardrop.has("teardrop"));
  CHECK(ping.has("ping-of-death"));
  CHECK(flags.has("fragment-abuse"));
  CHECK(ordinary.raised().empty());
}

TEST_CASE("a threat is a bit of its flow, a count, and one incident however often it is seen") {
  Scene scene;
  for (uint16_t port = 1; port <= 5; port++) scene.ip(v4(1), v4(2), 6, tcp(port, 80, 1, 0, syn | fin));
  scene.rig.pipeline.report(scene.rig.now_ns);
  scene.rig.pipeline.finish();
  const auto& told = scene.rig.notes.threat;
  REQUIRE(told.size() == 1);
  CHECK(told[0].count == 5);
  CHECK(told[0].id != 0);
  CHECK(told[0].segment == 3);
  const uint64_t bit = uint64_t{1} << told[0].threat;
  for (const Flow& f : scene.rig.notes.flow) CHECK(f.threats == bit);
  CHECK(scene.rig.pipeline.counters().threats[told[0].threat] == 5);
}

TEST_CASE(
    "an incident is told at most once a report, with its new count, and ends after a minute of silence") {
  Scene scene;
  const auto attack = [&] { scene.ip(v4(1), v4(2), 6, tcp(1000, 80, 1, 0, syn | fin)); };
  attack();
  scene.rig.pipeline.report(scene.rig.now_ns);
  scene.rig.pipeline.report(scene.rig.now_ns);
  attack();
  scene.rig.pipeline.report(scene.rig.now_ns);
  scene.silence(61);
  attack();
  scene.rig.pipeline.report(scene.rig.now_ns);
  const auto& told = scene.rig.notes.threat;
  REQUIRE(told.size() == 3);
  CHECK(told[0].id == told[1].id);
  CHECK(told[1].count == 2);
  CHECK(told[2].id != told[1].id);
  CHECK(told[2].count == 1);
}

TEST_CASE("incidents are bounded: what had to go untold is counted") {
  Scene scene;
  for (uint32_t i = 0; i < 20000; i++)
    scene.ip(172u << 24 | i, v4(2), 6, tcp(1000, 80, 1, 0, syn | fin), 100);
  scene.rig.pipeline.report(scene.rig.now_ns);
  CHECK(scene.rig.notes.threat.size() <= 4096);
  CHECK(scene.rig.pipeline.counters().threats_lost > 10000);
}

TEST_CASE("settings: other thresholds, and threats that are off") {
  ThreatSettings settings;
  CHECK(settings.set("port-scan", "ports", 5).ok());
  CHECK(settings.disable("tcp-flags").ok());
  CHECK(!settings.set("port-scan", "ports", 0).ok());
  CHECK(!settings.set("port-scan", "doors", 5).ok());
  CHECK(!settings.set("door-scan", "ports", 5).ok());
  CHECK(!settings.disable("door-scan").ok());
  Notebook notes;
  PipelineOptions options = small_options();
  options.threats = std::make_shared<ThreatMemory>(settings, SipHash(1, 2));
  Pipeline pipeline(options, notes);
  for (uint16_t port = 1; port <= 8; port++) {
    const Buffer frame = ethernet(0x0800, ipv4(6, tcp(1000, port, 1, 0, port == 8 ? uint8_t{0} : syn)));
    pipeline.frame(
        {.bytes = frame, .time_ns = start_ns + port, .length = static_cast<uint32_t>(frame.size())});
  }
  pipeline.finish();
  REQUIRE(notes.threat.size() == 1);
  CHECK(threats()[notes.threat[0].threat].name == "port-scan");
}
