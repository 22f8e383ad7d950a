// The pipeline live: counts from the kernel, answers to it, records every second, learned addresses.
#include <doctest/doctest.h>

#include <algorithm>

#include "engine/test_pipeline.h"

namespace vmoat::test {

namespace {

constexpr uint16_t client_slot = 3, server_slot = 4;

vmoat_flow_key key(bool at_client, uint16_t port = 40000) {
  vmoat_flow_key k{};
  k.near[10] = k.near[11] = k.far[10] = k.far[11] = 0xff;
  k.near[12] = k.far[12] = 10;
  k.near[15] = at_client ? 1 : 2;
  k.far[15] = at_client ? 2 : 1;
  k.near_port = at_client ? port : 80;
  k.far_port = at_client ? 80 : port;
  k.slot = at_client ? client_slot : server_slot;
  k.proto = 6;
  k.family = 4;
  return k;
}

vmoat_flow counted(uint64_t from, uint64_t to) {
  vmoat_flow f{};
  f.packets[VMOAT_FROM_NIC] = from;
  f.packets[VMOAT_TO_NIC] = to;
  f.bytes[VMOAT_FROM_NIC] = from * 100;
  f.bytes[VMOAT_TO_NIC] = to * 100;
  f.first_ns = 5;
  f.last_ns = 10;
  f.tcp_flags[VMOAT_FROM_NIC] = 2 | 16;
  return f;
}

struct LiveRig : Rig {
  LiveRig() : Rig(small_options(), true) {}

  /** A frame that the client (or server) sent, as the kernel hands it up. */
  void sent(bool by_client, const Buffer& segment, uint16_t port = 40000, uint8_t reason = VMOAT_NEW) {
    const Buffer bytes =
        ethernet(0x0800, by_client ? ip_between(1, 2, 6, segment) : ip_between(2, 1, 6, segment));
    const vmoat_flow_key k = key(by_client, port);
    Frame f;
    f.bytes = bytes;
    f.length = static_cast<uint32_t>(bytes.size());
    f.time_ns = ++now_ns;
    f.slot = k.slot;
    f.segment = 1;
    f.key = &k;
    f.reason = reason;
    pipeline.frame(f);
  }
  void open_http() {
    sent(true, tcp(40000, 80, 100, 0, 2));
    sent(false, tcp(80, 40000, 500, 101, 18));
    sent(true, tcp(40000, 80, 101, 501, 24, text("GET / HTTP/1.1\r\nHost: a\r\n\r\n")));
    sent(false, tcp(80, 40000, 501, 128, 24, text("HTTP/1.1 200 OK\r\nServer: x\r\n\r\n")));
  }
  void count(bool at_client, uint64_t from, uint64_t to, Counted how = Counted::running) {
    pipeline.count(key(at_client), 1, counted(from, to), start_ns, how);
  }
  const std::vector<Flow>& report() {
    notes.flow.clear();
    pipeline.report(now_ns);
    return notes.flow;
  }
};

}  // namespace

TEST_CASE("both ends' counts make one record; each way is counted by its sender") {
  LiveRig rig;
  rig.open_http();
  rig.count(true, 6, 0);
  rig.count(false, 4, 0);
  const auto& flows = rig.report();
  REQUIRE(flows.size() == 1);
  CHECK(flows[0].packets[0] == 6);
  CHECK(flows[0].packets[1] == 4);
  CHECK(flows[0].src_slot == client_slot);
  CHECK(flows[0].dst_slot == server_slot);
  CHECK(flows[0].app == "http");
  CHECK(flows[0].facts.at("http.status") == "200");
  CHECK(flows[0].end == FlowEnd::open);
}

TEST_CASE("a reset that the kernel finds stray does not end the flow, and is named") {
  LiveRig rig;
  rig.open_http();
  rig.sent(false, tcp(80, 40000, 7, 0, 4), 40000, VMOAT_FLAGS | VMOAT_STRAY);
  rig.now_ns += 10 * second_ns;
  rig.pipeline.advance(rig.now_ns);
  const auto& flows = rig.report();
  REQUIRE(flows.size() == 1);
  CHECK(flows[0].end == FlowEnd::open);
  CHECK((flows[0].anomalies & bit(Anomaly::tcp_challenged)) != 0);
  CHECK(rig.notes.forgotten.empty());
}

TEST_CASE("live, retransmissions are what the kernel counted") {
  LiveRig rig;
  rig.open_http();
  rig.sent(true, tcp(40000, 80, 101, 501, 24, text("GET / HTTP/1.1\r\nHost: a\r\n\r\n")));
  vmoat_flow f = counted(6, 0);
  f.retransmissions[VMOAT_FROM_NIC] = 1;
  rig.pipeline.count(key(true), 1, f, start_ns);
  CHECK(rig.report().at(0).retransmissions[0] == 1);
}

TEST_CASE("later fragments that the kernel counted for their flow are not counted again") {
  LiveRig rig;
  vmoat_flow_key k = key(true, 1000);
  k.proto = 17;
  const Buffer datagram = udp(1000, 80, Buffer(56, 'x'));
  const auto feed = [&](size_t from, size_t size, uint16_t field, bool with_ports) {
    const Buffer part(datagram.begin() + static_cast<ptrdiff_t>(from),
                      datagram.begin() + static_cast<ptrdiff_t>(from + size));
    const Buffer bytes = ethernet(0x0800, ipv4(17, part, field));
    vmoat_flow_key as_seen = k;
    if (!with_ports) as_seen.near_port = as_seen.far_port = 0;
    Frame f;
    f.bytes = bytes;
    f.length = static_cast<uint32_t>(bytes.size());
    f.time_ns = ++rig.now_ns;
    f.slot = k.slot;
    f.segment = 1;
    f.key = &as_seen;
    f.reason = VMOAT_FRAGMENT;
    rig.pipeline.frame(f);
  };
  feed(0, 32, 0x2000, true);
  feed(32, 16, 0x2004, true);   // the kernel knew its flow
  feed(48, 16, 0x0006, false);  // and here had forgotten it
  vmoat_flow counts = counted(2, 0);
  rig.pipeline.count(k, 1, counts, start_ns);
  const auto& flows = rig.report();
  REQUIRE(flows.size() == 1);
  CHECK(flows[0].dport == 80);
  CHECK(flows[0].packets[0] == 3);
}

TEST_CASE("a connection on the same ports begins to count anew") {
  LiveRig rig;
  rig.open_http();
  rig.count(true, 6, 0);
  rig.sent(true, tcp(40000, 80, 128, 532, 17));
  rig.sent(false, tcp(80, 40000, 532, 129, 17));
  rig.sent(true, tcp(40000, 80, 90000, 0, 2));
  rig.count(true, 9, 0);
  const auto& flows = rig.report();
  REQUIRE(flows.size() == 2);
  CHECK(flows[0].packets[0] == 6);
  CHECK(flows[1].packets[0] == 3);
}

TEST_CASE("records carry what came since the last one; silent flows are not repeated") {
  LiveRig rig;
  rig.open_http();
  rig.count(true, 6, 0);
  rig.report();
  CHECK(rig.report().empty());
  rig.count(true, 9, 0);
  const auto& flows = rig.report();
  REQUIRE(flows.size() == 1);
  CHECK(flows[0].packets[0] == 9);
  CHECK(flows[0].delta_packets[0] == 3);
  CHECK(flows[0].facts.empty());
}

TEST_CASE("the kernel is told what threats still want: requests, and no answer without a length") {
  LiveRig rig;
  rig.open_http();
  REQUIRE(rig.notes.wanted.size() >= 2);
  for (size_t i = rig.notes.wanted.size() - 2; i < rig.notes.wanted.size(); i++) {
    const auto& [key, from_nic] = rig.notes.wanted[i];
    CHECK(from_nic == (key.slot == client_slot ? 65536 : 0));
  }
}

TEST_CASE("the kernel is told when nothing more is wanted, at both ends") {
  LiveRig rig;
  rig.sent(true, tcp(40000, 80, 100, 0, 2));
  rig.sent(false, tcp(80, 40000, 500, 101, 18));
  rig.sent(false, tcp(80, 40000, 501, 101, 24, text("SSH-2.0-OpenSSH_9.2p1\r\n")));
  rig.sent(true, tcp(40000, 80, 101, 524, 24, text("SSH-2.0-OpenSSH_9.2p1\r\n")));
  REQUIRE(rig.notes.wanted.size() >= 2);
  const auto& last = rig.notes.wanted;
  CHECK(last[last.size() - 1].second == 0);
  CHECK(last[last.size() - 2].second == 0);
  CHECK(std::any_of(last.begin(), last.end(),
                    [](const auto& w) { return w.first.slot == client_slot && w.second == 0; }));
  CHECK(std::any_of(last.begin(), last.end(),
                    [](const auto& w) { return w.first.slot == server_slot && w.second == 0; }));
}

TEST_CASE("the end waits for the kernel's last counts") {
  LiveRig rig;
  rig.open_http();
  rig.count(true, 4, 0);
  rig.count(false, 4, 0);
  rig.sent(true, tcp(40000, 80, 128, 531, 17));
  rig.sent(false, tcp(80, 40000, 531, 129, 17));
  rig.pipeline.advance(rig.now_ns + 6 * second_ns);
  REQUIRE(rig.notes.forgotten.size() == 2);
  CHECK(rig.notes.forgotten[0].slot != rig.notes.forgotten[1].slot);
  CHECK(rig.notes.forgotten[0].near_port + rig.notes.forgotten[0].far_port == 40080);
  rig.count(true, 6, 0, Counted::last);
  rig.pipeline.flush();
  CHECK(rig.notes.flow.empty());
  rig.count(false, 5, 0, Counted::last);
  rig.pipeline.flush();
  REQUIRE(rig.notes.flow.size() == 1);
  CHECK(rig.notes.flow[0].end == FlowEnd::fin);
  CHECK(rig.notes.flow[0].packets[0] == 6);
  CHECK(rig.notes.flow[0].packets[1] == 5);
  CHECK(rig.pipeline.sessions_open() == 0);
}

TEST_CASE("a dump older than the last count makes no session of it again") {
  LiveRig rig;
  rig.open_http();
  rig.sent(true, tcp(40000, 80, 128, 0, 4));
  rig.pipeline.advance(rig.now_ns + 6 * second_ns);
  rig.count(true, 4, 0, Counted::last);
  rig.count(false, 3, 0, Counted::last);
  CHECK(rig.pipeline.sessions_open() == 0);
  rig.count(true, 4, 0);
  CHECK(rig.pipeline.sessions_open() == 0);
}

TEST_CASE("later fragments are counted by the engine, for the flow they belong to") {
  LiveRig rig;
  const Buffer whole = udp(50000, 5001, text("hello, this is cut in two"));
  const auto piece = [&](bool first) {
    const Buffer part =
        first ? Buffer(whole.begin(), whole.begin() + 16) : Buffer(whole.begin() + 16, whole.end());
    const Buffer bytes = ethernet(0x0800, ipv4(17, part, first ? 0x2000 : 2));
    vmoat_flow_key k = key(true, first ? 50000 : 0);
    k.far_port = first ? 5001 : 0;
    k.proto = 17;
    Frame f;
    f.bytes = bytes;
    f.length = static_cast<uint32_t>(bytes.size());
    f.time_ns = rig.now_ns;
    f.slot = client_slot;
    f.segment = 1;
    f.key = &k;
    f.reason = VMOAT_FRAGMENT;
    rig.pipeline.frame(f);
    rig.pipeline.count(k, 1, counted(1, 0), start_ns);
  };
  piece(true);
  piece(false);
  const auto& flows = rig.report();
  REQUIRE(flows.size() == 1);
  CHECK(flows[0].packets[0] == 2);
  CHECK(flows[0].sport == 50000);
}

TEST_CASE("a last count that never comes holds the end up for seconds only") {
  LiveRig rig;
  rig.open_http();
  rig.sent(true, tcp(40000, 80, 128, 0, 4));
  rig.pipeline.advance(rig.now_ns + 6 * second_ns);
  rig.pipeline.advance(rig.now_ns + 12 * second_ns);
  CHECK(rig.pipeline.sessions_open() == 0);
  rig.count(true, 9, 0, Counted::last);
  CHECK(rig.pipeline.sessions_open() == 0);
}

TEST_CASE("a flow known by its counter only becomes a session, from either end") {
  LiveRig rig;
  rig.count(false, 3, 5);
  const auto& flows = rig.report();
  REQUIRE(flows.size() == 1);
  CHECK(flows[0].packets[0] == 5);
  CHECK(flows[0].packets[1] == 3);
  CHECK(flows[0].dst_slot == server_slot);
  CHECK(flows[0].dport == 80);
}

TEST_CASE("what an earlier instance counted is in the totals, not in the deltas") {
  LiveRig rig;
  rig.count(true, 100, 0, Counted::adopted);
  CHECK(rig.report().at(0).packets[0] == 100);
  CHECK(rig.notes.flow.at(0).delta_packets[0] == 0);
  rig.count(true, 103, 0);
  CHECK(rig.report().at(0).delta_packets[0] == 3);
}

TEST_CASE("what was closed while no engine ran is not open for an hour") {
  for (const bool closed : {false, true}) {
    CAPTURE(closed);
    LiveRig rig;
    vmoat_flow flow = counted(3, 3);
    flow.tcp_flags[VMOAT_TO_NIC] = tcp_syn | tcp_ack | (closed ? tcp_fin : 0);
    rig.pipeline.count(key(true), 1, flow, start_ns, Counted::adopted);
    rig.now_ns = start_ns + 200 * ns_per_s;
    rig.report();
    CHECK(rig.notes.forgotten.size() == (closed ? 1 : 0));
  }
}

TEST_CASE("a packet that the kernel did not track is counted here") {
  LiveRig rig;
  const Buffer bytes = ethernet(0x0800, ip_between(1, 2, 17, udp(5000, 5001, text("x"))));
  Frame f;
  f.bytes = bytes;
  f.length = static_cast<uint32_t>(bytes.size());
  f.time_ns = rig.now_ns;
  f.slot = client_slot;
  f.reason = VMOAT_NEW | VMOAT_UNTRACKED;
  rig.pipeline.frame(f);
  CHECK(rig.report().at(0).packets[0] == 1);
}

TEST_CASE("ARP and a NIC's own traffic teach addresses, once") {
  LiveRig rig;
  const Buffer arp =
      ethernet(0x0806, hex("0001 0800 06 04 0001 020000000001 0a000001 000000000000 0a000002"));
  Frame f;
  f.bytes = arp;
  f.length = 42;
  f.time_ns = rig.now_ns;
  f.slot = client_slot;
  f.segment = 1;
  rig.pipeline.frame(f);
  rig.pipeline.frame(f);
  rig.open_http();
  rig.report();
  REQUIRE(rig.notes.address.size() == 2);
  CHECK(rig.notes.address[0].source == AddressSource::arp);
  CHECK(rig.notes.address[0].slot == client_slot);
  CHECK(rig.notes.address[0].segment == 1);
  CHECK(rig.notes.address[1].source == AddressSource::traffic);
  CHECK(rig.notes.address[1].slot == server_slot);
}

TEST_CASE("an evicted session's entries are taken out of the kernel, too") {
  LiveRig rig;
  for (uint16_t i = 0; i < 100; i++)
    rig.sent(true, tcp(static_cast<uint16_t>(1000 + i), 80, i, 0, 2), static_cast<uint16_t>(1000 + i));
  CHECK(rig.notes.forgotten.size() == 36);
  CHECK(rig.notes.forgotten[0].near_port == 1000);
}

TEST_CASE("pipeline live: whoever comes late is told every open session with its facts, and every address") {
  LiveRig rig;
  rig.open_http();
  rig.pipeline.report(rig.now_ns += second_ns);
  const Flow first = rig.notes.flow.back();
  const size_t addresses = rig.notes.address.size();
  REQUIRE(!first.facts.empty());
  rig.notes.flow.clear();
  rig.notes.address.clear();
  rig.pipeline.report(rig.now_ns += second_ns);
  CHECK(rig.notes.flow.empty());
  rig.pipeline.retell();
  rig.pipeline.report(rig.now_ns += second_ns);
  REQUIRE(rig.notes.flow.size() == 1);
  CHECK(rig.notes.flow[0].id == first.id);
  CHECK(rig.notes.flow[0].facts == first.facts);
  CHECK(rig.notes.flow[0].delta_packets[0] == 0);
  CHECK(rig.notes.address.size() == addresses);
  rig.pipeline.report(rig.now_ns += second_ns);
  CHECK(rig.notes.flow.size() == 1);
}

}  // namespace vmoat::test
