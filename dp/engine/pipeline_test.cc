// The pipeline offline: sessions, recognition, tunnels, fragments, ends, bounds.
#include "engine/pipeline.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "engine/test_pipeline.h"

namespace vmoat::test {

namespace {
const Buffer query =
    hex("1234 0100 0001 0000 0000 0000 07") + text("example") + hex("03") + text("org") + hex("00 0001 0001");

}  // namespace

TEST_CASE("a TCP flow: client, counts, application, facts, end") {
  Rig rig;
  rig.http(1, 40000);
  const auto& flows = rig.finish();
  REQUIRE(flows.size() == 1);
  const Flow& f = flows[0];
  CHECK(f.sport == 40000);
  CHECK(f.dport == 80);
  CHECK(f.src[15] == 1);
  CHECK(f.packets[0] == 5);
  CHECK(f.packets[1] == 3);
  CHECK(f.bytes[0] == 5 * 54 + 38);
  CHECK(f.delta_packets[0] == 5);
  CHECK(f.app == "http");
  CHECK(f.confidence == Confidence::sure);
  CHECK(f.direction == Direction::seen);
  CHECK(f.end == FlowEnd::fin);
  CHECK(f.facts.at("http.host") == "example.org");
  CHECK(f.facts.at("http.status") == "200");
  CHECK(f.anomalies == 0);
  CHECK(f.first_ns == start_ns + 1000);
  CHECK(f.last_ns == start_ns + 8000);
}

TEST_CASE("facts can be switched off as a whole") {
  PipelineOptions options = small_options();
  options.facts = false;
  Rig rig(options);
  rig.http(1, 40000);
  CHECK(rig.finish().at(0).app == "http");
  CHECK(rig.notes.flow.at(0).facts.empty());
}

TEST_CASE("a closed connection ends after a few seconds, a silent one after its timeout") {
  Rig rig;
  rig.http(1, 40000);
  rig.ip(3, 4, 17, udp(5000, 5001, text("x")), 10 * second_ns);
  rig.pipeline.flush();
  REQUIRE(rig.notes.flow.size() == 1);
  CHECK(rig.notes.flow[0].end == FlowEnd::fin);
  rig.pipeline.advance(rig.now_ns + 40 * second_ns);
  rig.pipeline.flush();
  REQUIRE(rig.notes.flow.size() == 2);
  CHECK(rig.notes.flow[1].end == FlowEnd::timeout);
}

TEST_CASE("new connections between the same ports are new flows") {
  Rig rig;
  rig.http(1, 40000);
  rig.http(1, 40000);
  const auto& flows = rig.finish();
  REQUIRE(flows.size() == 2);
  CHECK(flows[0].packets[0] == 5);
  CHECK(flows[1].packets[0] == 5);
  CHECK(flows[0].id != flows[1].id);
}

TEST_CASE("a request split into single bytes and out of order is still read") {
  Rig rig;
  const Buffer request = text("GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
  rig.ip(1, 2, 6, tcp(40000, 8081, 100, 0, 2));
  rig.ip(2, 1, 6, tcp(8081, 40000, 500, 101, 18));
  for (size_t i = 0; i < request.size(); i += 2) {
    for (size_t k : {i + 1, i})
      if (k < request.size())
        rig.ip(1, 2, 6, tcp(40000, 8081, static_cast<uint32_t>(101 + k), 501, 24, {request[k]}));
  }
  CHECK(rig.finish().at(0).app == "http");
}

TEST_CASE("a stream of nothing known stays unknown and costs a bounded number of questions") {
  Rig rig;
  rig.ip(1, 2, 6, tcp(40000, 9999, 100, 0, 2));
  for (uint32_t i = 0; i < 2000; i++) rig.ip(1, 2, 6, tcp(40000, 9999, 101 + i, 501, 24, {0xff}));
  const Flow f = rig.finish().at(0);
  CHECK(f.app.empty());
  CHECK(f.confidence == Confidence::none);
  CHECK(f.packets[0] == 2001);
}

TEST_CASE("mid-stream: the known listener is the server") {
  Rig rig;
  rig.http(1, 90);
  rig.ip(2, 5, 6, tcp(80, 70, 1, 1, 16));
  const auto& flows = rig.finish();
  CHECK(flows.back().dport == 80);
  CHECK(flows.back().direction == Direction::inferred);
  CHECK((flows.back().flags & flow_picked_up) != 0);
  CHECK(rig.pipeline.counters().picked_up == 1);
}

TEST_CASE("UDP: DNS by its content; both directions are one flow") {
  Rig rig;
  Buffer answer = query;
  answer[2] = 0x81;
  answer[3] = 0x83;
  rig.ip(1, 2, 17, udp(5000, 5353, query));
  rig.ip(2, 1, 17, udp(5353, 5000, answer));
  const auto& flows = rig.finish();
  REQUIRE(flows.size() == 1);
  CHECK(flows[0].app == "dns");
  CHECK(flows[0].packets[1] == 1);
  CHECK(flows[0].facts.at("dns.query") == "example.org");
}

TEST_CASE("a server's answer seen first does not make it the client") {
  Rig rig;
  Buffer answer = query;
  answer[2] = 0x81;
  answer[3] = 0x83;
  rig.ip(2, 1, 17, udp(53, 5000, answer));
  const Flow f = rig.finish().at(0);
  CHECK(f.dport == 53);
  CHECK(f.src[15] == 1);
}

TEST_CASE("ICMP: echo and reply are one flow of the one who asks") {
  Rig rig;
  rig.ip(2, 1, 1, hex("00 00 0000 1234 0001"));
  rig.ip(1, 2, 1, hex("08 00 0000 1234 0001"));
  const auto& flows = rig.finish();
  REQUIRE(flows.size() == 1);
  CHECK(flows[0].src[15] == 1);
  CHECK(flows[0].sport == 0x1234);
  CHECK(flows[0].dport == 8 << 8);
  CHECK(flows[0].app == "icmp");
}

TEST_CASE("tags and segments keep flows apart") {
  Rig rig;
  const Buffer datagram = ip_between(1, 2, 17, udp(5000, 5001, text("x")));
  rig.feed(ethernet(0x0800, datagram));
  rig.feed(ethernet(0x8100, hex("0007 0800") + datagram));
  rig.feed(ethernet(0x8100, hex("0008 0800") + datagram));
  const auto& flows = rig.finish();
  REQUIRE(flows.size() == 3);
  CHECK(flows[1].tags[0] == 7);
}

TEST_CASE("the flow inside a tunnel is linked to the one around it") {
  Rig rig;
  const Buffer inner = ethernet(0x0800, ip_between(7, 8, 17, udp(5000, 53, query)));
  rig.ip(1, 2, 17, udp(50000, 4789, hex("08000000 00006400") + inner));
  const auto& flows = rig.finish();
  REQUIRE(flows.size() == 2);
  CHECK(flows[1].parent == flows[0].id);
  CHECK(flows[1].app == "dns");
  CHECK(flows[1].tunnel[0].kind == TunnelKind::vxlan);
  CHECK(flows[1].tunnel[0].id == 100);
  CHECK(flows[1].bytes[0] == inner.size());
}

TEST_CASE("answers inside come by another outer flow and still belong to one inner flow") {
  Rig rig;
  Buffer answer = query;
  answer[2] = 0x81;
  const auto wrap = [&](uint8_t from, uint8_t to, uint16_t port, const Buffer& inside) {
    rig.ip(from, to, 17, udp(port, 4789, hex("08000000 00006400") + ethernet(0x0800, inside)));
  };
  wrap(1, 2, 50000, ip_between(7, 8, 17, udp(5000, 53, query)));
  wrap(2, 1, 51000, ip_between(8, 7, 17, udp(53, 5000, answer)));
  const auto& flows = rig.finish();
  REQUIRE(flows.size() == 3);
  CHECK(flows[1].packets[1] == 1);
}

TEST_CASE("tunnels are opened four deep, no deeper") {
  Rig rig;
  Buffer b = ip_between(1, 2, 17, udp(5000, 53, query));
  for (int i = 0; i < 6; i++) b = ip_between(1, 2, 4, b);
  rig.feed(ethernet(0x0800, b));
  const auto& flows = rig.finish();
  REQUIRE(flows.size() == 5);
  CHECK(flows[4].tunnel[3].kind == TunnelKind::ipip);
  CHECK((flows[4].anomalies & bit(Anomaly::tunnel_deep)) != 0);
}

TEST_CASE("fragments are put together before they are read, and each is counted") {
  Rig rig;
  const Buffer whole = udp(5000, 53, query);
  const Buffer first(whole.begin(), whole.begin() + 16), rest(whole.begin() + 16, whole.end());
  rig.feed(ethernet(0x0800, ipv4(17, rest, 2)));
  rig.feed(ethernet(0x0800, ipv4(17, first, 0x2000)));
  const auto& flows = rig.finish();
  REQUIRE(flows.size() == 1);
  CHECK(flows[0].app == "dns");
  CHECK(flows[0].packets[0] == 2);
  CHECK(flows[0].bytes[0] == 2 * 34 + whole.size());
}

TEST_CASE("fragments that never become whole count for the flow of the first") {
  Rig rig;
  rig.feed(ethernet(0x0800, ipv4(17, udp(5000, 53, query), 0x2000)));
  const Flow f = rig.finish().at(0);
  CHECK(f.dport == 53);
  CHECK(f.packets[0] == 1);
  CHECK((f.anomalies & bit(Anomaly::fragment_incomplete)) != 0);
  CHECK(rig.pipeline.counters().anomalies[static_cast<int>(Anomaly::fragment_incomplete)] == 1);
}

TEST_CASE("an ICMP error belongs to the flow that it quotes") {
  Rig rig;
  rig.ip(1, 2, 17, udp(5000, 53, query));
  Buffer quoted = ip_between(1, 2, 17, udp(5000, 53, query));
  quoted.resize(28);
  rig.ip(2, 1, 1, hex("0303 0000 00000000") + quoted);
  rig.ip(9, 1, 1, hex("0303 0000 00000000") + ip_between(1, 77, 17, udp(1, 2, {})));
  const auto& flows = rig.finish();
  REQUIRE(flows.size() == 3);
  const auto by = [&](uint8_t source, uint8_t proto) {
    return *std::find_if(flows.begin(), flows.end(),
                         [&](const Flow& f) { return f.src[15] == source && f.proto == proto; });
  };
  CHECK(by(2, 1).parent == by(1, 17).id);
  CHECK(by(9, 1).parent == 0);
}

TEST_CASE("acknowledged but never seen: the flow has a gap") {
  Rig rig;
  rig.ip(1, 2, 6, tcp(40000, 80, 100, 0, 2));
  rig.ip(2, 1, 6, tcp(80, 40000, 500, 101, 18));
  rig.ip(2, 1, 6, tcp(80, 40000, 501, 900, 16));
  CHECK((rig.finish().at(0).anomalies & bit(Anomaly::tcp_gap)) != 0);
}

TEST_CASE("when the table is full the oldest half-open go, ordinary flows stay and are recognised") {
  Rig rig;
  rig.ip(9, 2, 17, udp(5000, 53, query));
  Buffer answer = query;
  answer[2] = 0x81;
  rig.ip(2, 9, 17, udp(53, 5000, answer));
  for (uint16_t i = 0; i < 1000; i++) rig.ip(1, 2, 6, tcp(static_cast<uint16_t>(1000 + i), 80, i, 0, 2));
  rig.http(7, 40000);
  CHECK(rig.pipeline.sessions_open() == 64);
  CHECK(rig.pipeline.counters().evicted_half_open == 1000 + 2 - 64);
  const auto& flows = rig.finish();
  CHECK(flows.size() == 1002);
  CHECK(flows[0].end == FlowEnd::evicted);
  const auto named = [&](std::string_view app) {
    return std::count_if(flows.begin(), flows.end(), [&](const Flow& f) { return f.app == app; });
  };
  CHECK(named("http") == 1);
  CHECK(named("dns") == 1);
}

TEST_CASE("frames that are no packets are counted as such") {
  Rig rig;
  rig.feed(hex("0102"));
  rig.feed(ethernet(0x88cc, hex("0207")));
  rig.feed(ethernet(0x0806, hex("0001 0800 06 04 0001 020000000001 0a000001 000000000000 0a000002")));
  rig.finish();
  CHECK(rig.pipeline.counters().frames == 3);
  CHECK(rig.pipeline.counters().unparsed == 2);
  CHECK(rig.notes.flow.empty());
}

TEST_CASE("every packet of every flow is counted once, in whatever batches it comes") {
  Rig one, many;
  std::vector<Buffer> frames;
  frames.reserve(300);
  for (uint16_t i = 0; i < 300; i++)
    frames.push_back(ethernet(0x0800, ip_between(static_cast<uint8_t>(1 + i % 7), 9, 17,
                                                 udp(static_cast<uint16_t>(1000 + i % 5), 2000, text("x")))));
  std::vector<Frame> batch;
  for (const Buffer& b : frames) {
    Frame f;
    f.bytes = b;
    f.length = static_cast<uint32_t>(b.size());
    f.time_ns = start_ns;
    batch.push_back(f);
    one.pipeline.frame(f);
  }
  many.pipeline.frames(batch);
  const auto sum = [](const std::vector<Flow>& flows) {
    uint64_t packets = 0;
    for (const Flow& f : flows) packets += f.packets[0] + f.packets[1];
    return packets;
  };
  CHECK(sum(one.finish()) == 300);
  CHECK(sum(many.finish()) == 300);
  CHECK(one.notes.flow.size() == many.notes.flow.size());
}

}  // namespace vmoat::test
