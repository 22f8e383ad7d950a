// The fallback: nDPI names what no recogniser knows, within its bounds. Needs Debian's libndpi4.2.
#include "engine/fallback.h"

#include <doctest/doctest.h>

#include "engine/test_pipeline.h"

namespace vmoat::test {

namespace {

std::shared_ptr<const Ndpi> library() {
  auto loaded = Ndpi::load();
  REQUIRE_MESSAGE(static_cast<bool>(loaded), "libndpi4.2 is installed");
  return *loaded;
}

/** GET coap://…/core (RFC 7252). */
const Buffer coap = hex("44011234 61626364 bb2e77656c6c2d6b6e6f776e 04636f7265");

PipelineOptions with_fallback(uint32_t slots = 16) {
  PipelineOptions o = small_options();
  o.fallback = library();
  o.fallback_slots = slots;
  return o;
}

/** A name by its number in a record. */
std::string name_of(uint16_t layer, const Ndpi& ndpi) {
  const size_t own = applications().size();
  if (layer == 0) return "";
  return std::string(layer <= own ? applications()[layer - 1u].name : ndpi.names()[layer - 1u - own]);
}

std::string named(const FlowRecord& flow, const Ndpi& ndpi) {
  return name_of(flow.layers[0], ndpi) + "/" + name_of(flow.layers[1], ndpi);
}

}  // namespace

TEST_CASE("fallback: names what nobody knows, as a guess of its own") {
  const PipelineOptions o = with_fallback();
  Rig rig(o);
  rig.ip(1, 2, 17, udp(40000, 5683, coap));
  const auto& flows = rig.finish();
  REQUIRE(flows.size() == 1);
  CHECK(named(flows[0], *o.fallback) == "ndpi/coap");
  CHECK(flows[0].confidence == Confidence::guess);
  CHECK(rig.pipeline.counters().fallback_refused == 0);
}

TEST_CASE("fallback: without it the flow stays unknown") {
  Rig rig;
  rig.ip(1, 2, 17, udp(40000, 5683, coap));
  const auto& flows = rig.finish();
  REQUIRE(flows.size() == 1);
  CHECK(flows[0].layers[0] == 0);
  CHECK(flows[0].confidence == Confidence::none);
}

TEST_CASE("fallback: what we know is never its affair") {
  const PipelineOptions o = with_fallback();
  Rig rig(o);
  rig.http(1, 40000);
  const auto& flows = rig.finish();
  REQUIRE(flows.size() == 1);
  CHECK(flows[0].app == "http");
  CHECK(flows[0].confidence == Confidence::sure);
}

TEST_CASE("fallback: all slots taken is counted, and the flow stays unknown") {
  Rig rig(with_fallback(2));
  for (uint16_t port = 1; port <= 5; port++) rig.ip(1, 2, 17, udp(port, 47123, text("nobody knows this")));
  CHECK(rig.pipeline.counters().fallback_refused == 3);
  rig.ip(1, 2, 17, udp(40000, 5683, coap));
  CHECK(rig.pipeline.counters().fallback_refused == 4);
  for (const Flow& f : rig.finish()) CHECK(f.layers[0] == 0);
}

TEST_CASE("fallback: a slot is free again after a few packets, and at the session's end") {
  Rig rig(with_fallback(1));
  for (int i = 0; i < 8; i++) rig.ip(1, 2, 17, udp(1, 47123, text("nobody knows this")));
  rig.ip(1, 2, 17, udp(2, 47123, text("nor this")));
  CHECK(rig.pipeline.counters().fallback_refused == 0);
  rig.pipeline.advance(rig.now_ns + 600 * second_ns);
  rig.now_ns += 600 * second_ns;
  rig.ip(1, 2, 17, udp(40000, 5683, coap));
  CHECK(rig.pipeline.counters().fallback_refused == 0);
}

TEST_CASE("fallback: connections, both ways, long and short, and evicted ones") {
  Rig rig(with_fallback(8));
  for (uint16_t port = 1; port <= 200; port++) {
    rig.ip(1, 2, 6, tcp(port, 47123, 100, 0, 2));
    rig.ip(2, 1, 6, tcp(47123, port, 500, 101, 18));
    rig.ip(1, 2, 6, tcp(port, 47123, 101, 501, 24, Buffer(1 + port * 7u, 0x5a)));
    rig.ip(2, 1, 6, tcp(47123, port, 501, static_cast<uint32_t>(102 + port * 7), 24, Buffer(port, 0xa5)));
  }
  CHECK(rig.pipeline.counters().evicted_other > 0);
  CHECK(rig.finish().size() == 200);
}

TEST_CASE("fallback: slots are given back") {
  Fallback fallback(library(), 2);
  Session s{};
  s.key.scope = uint32_t{IPPROTO_UDP} << 24;
  const uint32_t a = fallback.begin(s), b = fallback.begin(s);
  CHECK((a != 0 && b != 0 && a != b));
  CHECK(fallback.begin(s) == 0);
  CHECK(fallback.used() == 2);
  fallback.end(a);
  CHECK(fallback.begin(s) == a);
}

TEST_CASE("fallback: a library that is not there, and one that is another") {
  CHECK_FALSE(static_cast<bool>(Ndpi::load("libnone-of-this-name.so")));
  CHECK_FALSE(static_cast<bool>(Ndpi::load("libm.so.6")));
}

TEST_CASE("fallback: its names are plain") {
  const auto ndpi = library();
  CHECK(ndpi->names().size() > 200);
  for (const std::string& name : ndpi->names()) {
    CHECK_FALSE(name.empty());
    CHECK(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-.") == std::string::npos);
  }
}

}  // namespace vmoat::test
