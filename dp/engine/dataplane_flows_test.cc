// The live data plane: flows, their fragments, errors, tunnels and data channels, told whole by whichever
// worker.
#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>

#include "engine/dataplane_rig.h"
#include "engine/recognition.h"
#include "parse/test_bytes.h"

using namespace vmoat;
using namespace vmoat::test;

TEST_CASE("data plane: a flow between two NICs of a bridge is one record, counted once") {
  if (!has_root()) return;
  for (HookChoice hook : hooks_here()) {
    OwnNamespace space;
    Heard heard;
    auto dataplane = start(config(hook), heard);
    const TestTap one("vmt-vnet1"), two("vmt-vnet2");
    REQUIRE(
        run("ip link add vmt-br0 type bridge && ip link set vmt-br0 up && ip link set vmt-vnet1 master "
            "vmt-br0 && "
            "ip link set vmt-vnet2 master vmt-br0"));
    CHECK(heard.wait([&] {
      return heard.nic("vmt-vnet2") && heard.nic("vmt-vnet1")->segment &&
             heard.nic("vmt-vnet1")->segment == heard.nic("vmt-vnet2")->segment;
    }));
    ::usleep(100'000);
    for (int i = 0; i < 10; i++) one.send(datagram(77));
    auto is_it = [](const auto& entry) { return entry.second.sport == 77; };
    auto all = [&] {
      auto found = std::find_if(heard.flow_records.begin(), heard.flow_records.end(), is_it);
      return found != heard.flow_records.end() && found->second.packets[0] == 10;
    };
    CHECK(heard.wait(all));
    CHECK(std::count_if(heard.flow_records.begin(), heard.flow_records.end(), is_it) == 1);
    const auto record = std::find_if(heard.flow_records.begin(), heard.flow_records.end(), is_it);
    REQUIRE(record != heard.flow_records.end());
    CHECK(record->second.src_slot == heard.nic("vmt-vnet1")->slot);
    CHECK(record->second.bytes[0] == 10 * 62);
    CHECK(record->second.segment == heard.nic("vmt-vnet1")->segment);
    CHECK(dataplane->stop(true).ok());
  }
}

namespace {

constexpr uint8_t hosts = 24, far_end = 200;

/** From (or to) 10.0.0.`host` behind the tap, the other end elsewhere. */
std::vector<uint8_t> of_host(uint8_t host, bool sends, std::vector<uint8_t> frame) {
  frame[sends ? 29 : 33] = host;
  frame[sends ? 33 : 29] = far_end;
  return frame;
}

/** A frame in VXLAN, for a port of the far end that says which host it is of. */
std::vector<uint8_t> in_vxlan(uint8_t host, const std::vector<uint8_t>& inner) {
  TestFrame outer = TestFrame().ipv4(17).udp(static_cast<uint16_t>(3000 + host), 4789);
  outer.put({8, 0, 0, 0, 0, 0, host, 0});
  for (uint8_t byte : inner) outer.put({byte});
  return outer.done();
}

void talk(const TestTap& tap, uint8_t host) {
  const auto port = static_cast<uint16_t>(7000 + host);
  const auto asks = TestFrame().ipv4(17).udp(port, 5000).payload(20).done();
  const auto answers = TestFrame().ipv4(17).udp(5000, port).payload(20).done();
  for (int i = 0; i < 5; i++) {
    tap.send(of_host(host, true, asks));
    tap.deliver(of_host(host, false, answers));
  }
  tap.send(of_host(host, true, TestFrame().ipv4(17, 0x2000).udp(port, 6000).payload(8).done()));
  tap.send(of_host(host, true, TestFrame().ipv4(17, 0x0002).payload(24).done()));
  const auto asked = of_host(host, true, asks);
  TestFrame error = TestFrame().ipv4(1).put({3, 3, 0, 0, 0, 0, 0, 0});
  for (size_t i = 14; i < 14 + 28; i++) error.put({asked[i]});
  tap.deliver(of_host(host, false, error.done()));
  tap.send(of_host(host, true, in_vxlan(host, TestFrame().ipv4(17).udp(port, 9000).payload(20).done())));
}
constexpr uint64_t packets_of_host = 14, flows_of_host = 5;

}  // namespace

TEST_CASE(
    "data plane: with several workers every flow is whole, and fragments, errors, tunnels meet theirs") {
  if (!has_root()) return;
  for (unsigned workers : {2u, 4u}) {
    OwnNamespace space;
    Heard heard;
    DataplaneConfig c = config(hooks_here().front());
    c.workers = workers;
    auto dataplane = start(c, heard);
    const TestTap tap("vmt-vnet6");
    REQUIRE(heard.wait([&] { return heard.nic("vmt-vnet6") != nullptr; }, 30s));
    for (uint8_t host = 1; host <= hosts; host++) talk(tap, host);
    const auto flow = [&](uint16_t sport, uint16_t dport) -> const FlowRecord* {
      const auto found =
          std::find_if(heard.flow_records.begin(), heard.flow_records.end(),
                       [&](const auto& f) { return f.second.sport == sport && f.second.dport == dport; });
      return found == heard.flow_records.end() ? nullptr : &found->second;
    };
    const auto is_whole = [&](uint8_t host) {
      const auto port = static_cast<uint16_t>(7000 + host);
      const FlowRecord *plain = flow(port, 5000), *fragmented = flow(port, 6000), *inner = flow(port, 9000),
                       *outer = flow(static_cast<uint16_t>(3000 + host), 4789);
      const bool there = plain && fragmented && inner && outer;
      return there && plain->packets[0] == 5 && plain->packets[1] == 5 && fragmented->packets[0] == 2 &&
             inner->parent == outer->id && inner->tunnel[0].kind == TunnelKind::vxlan;
    };
    const auto all_whole = [&] {
      for (uint8_t host = 1; host <= hosts; host++)
        if (!is_whole(host)) return false;
      return heard.flow_records.size() >= hosts * flows_of_host;
    };
    CHECK(heard.wait(all_whole, 30s));
    CHECK(heard.wait([&] { return heard.last_status.frames >= hosts * packets_of_host; }, 30s));
    const auto busy = [&] {
      return std::ranges::count_if(heard.last_status.workers, [](const auto& w) { return w.events > 0; });
    };
    CHECK(heard.wait([&] { return busy() > 1; }, 30s));
    CHECK(dataplane->stop(true).ok());
    CHECK(heard.flow_records.size() == hosts * flows_of_host);
    for (const auto& [id, record] : heard.flow_records)
      if (record.proto == IPPROTO_ICMP)
        CHECK(heard.flow_records[record.parent].sport == 7000 + record.dst[15]);
    CHECK(heard.last_status.workers.size() == workers);
    CHECK(heard.last_status.lost.ring + heard.last_status.lost.table + heard.last_status.lost.budget == 0);
  }
}

namespace {

/** FTP between the guest behind a tap, which is the client, and a host outside. */
struct FtpTalk {
  const TestTap& tap;
  uint32_t mine = 101, its = 501;

  static std::vector<uint8_t> frame(bool from_guest, const Buffer& segment) {
    Buffer packet = ipv4(6, segment), frame = ethernet(0x0800, packet);
    if (!from_guest) std::swap(frame[14 + 15], frame[14 + 19]);
    if (!from_guest) std::swap(frame[5], frame[11]);
    return frame;
  }
  void open(uint16_t sport, uint16_t dport) const {
    tap.send(frame(true, tcp(sport, dport, 100, 0, 2)));
    tap.deliver(frame(false, tcp(dport, sport, 500, 101, 18)));
    tap.send(frame(true, tcp(sport, dport, 101, 501, 16)));
  }
  void say(std::string_view what) {
    tap.send(frame(true, tcp(40000, 21, mine, its, 24, text(what))));
    mine += static_cast<uint32_t>(what.size());
  }
  void hear(std::string_view what) {
    tap.deliver(frame(false, tcp(21, 40000, its, mine, 24, text(what))));
    its += static_cast<uint32_t>(what.size());
  }
};

uint16_t application_number(std::string_view name) {
  const auto all = applications();
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const Application& a) { return a.name == name; });
  return static_cast<uint16_t>(found - all.begin() + 1);
}

const FlowRecord* record_to(const Heard& heard, uint16_t port) {
  const auto found = std::find_if(heard.flow_records.begin(), heard.flow_records.end(),
                                  [&](const auto& entry) { return entry.second.dport == port; });
  return found == heard.flow_records.end() ? nullptr : &found->second;
}

}  // namespace

TEST_CASE("data plane: a data channel is linked however long its control connection has been open") {
  if (!has_root()) return;
  const uint16_t ftp = application_number("ftp"), data = application_number("ftp-data");
  for (HookChoice hook : hooks_here()) {
    OwnNamespace space;
    Heard heard;
    DataplaneConfig c = config(hook);
    c.facts = hook == HookChoice::tcx;
    auto dataplane = start(c, heard);
    const TestTap tap("vmt-ftp");
    CHECK(heard.wait([&] { return heard.nic("vmt-ftp") != nullptr; }));
    FtpTalk talk{tap};
    talk.open(40000, 21);
    talk.hear("220 ready\r\n");
    talk.say("USER alice\r\n");
    const auto is_control = [&] { return record_to(heard, 21) && record_to(heard, 21)->layers[0] == ftp; };
    CHECK(heard.wait(is_control));
    // more than a new flow sends up unasked
    for (int i = 0; i < 30; i++) talk.hear("230-" + std::string(300, 'x') + "\r\n");
    talk.hear("227 Entering Passive Mode (10,0,0,2,195,80)\r\n");
    talk.open(40001, 50000);
    const auto is_child = [&] {
      const FlowRecord *parent = record_to(heard, 21), *child = record_to(heard, 50000);
      return parent && child && child->parent == parent->id && child->layers[0] == data;
    };
    CHECK(heard.wait(is_child));
    CHECK(heard.wait([&] { return (heard.facts_bytes > 0) == c.facts; }));
    CHECK(dataplane->stop(true).ok());
  }
}
