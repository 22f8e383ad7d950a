// The kernel's flow table: counting, appetite, quota, budget, answers.
#include <doctest/doctest.h>

#include <algorithm>

#include "capture/kernel_fixture.h"
#include "capture/test_frame.h"

using namespace vmoat;
using namespace vmoat::test;

namespace {

std::vector<uint8_t> datagram(uint16_t port, size_t payload) {
  return TestFrame().ipv4(17).udp(port, 53).payload(payload).done();
}
std::vector<uint8_t> segment(uint8_t flags, size_t payload = 0) {
  return TestFrame().ipv4(6).tcp(40000, 80, flags).payload(payload).done();
}

constexpr uint8_t fin = 1, syn = 2, psh = 8, ack = 16;

}  // namespace

TEST_CASE("kernel flows: packets, bytes, flags") {
  if (!has_root()) return;
  KernelFixture kernel;
  for (int i = 0; i < 5; i++) kernel.sent(datagram(1000, 20));
  const auto flows = kernel.flows();
  REQUIRE(flows.size() == 1);
  CHECK(flows[0].flow.packets[VMOAT_FROM_NIC] == 5);
  CHECK(flows[0].flow.bytes[VMOAT_FROM_NIC] == 5 * (14 + 20 + 8 + 20));
  CHECK(flows[0].flow.first_ns <= flows[0].flow.last_ns);
  CHECK(flows[0].flow.picked_up == 0);
}

TEST_CASE("kernel flows: TCP without SYN is picked up") {
  if (!has_root()) return;
  KernelFixture kernel;
  kernel.sent(segment(ack));
  REQUIRE(kernel.flows().size() == 1);
  CHECK(kernel.flows()[0].flow.picked_up == 1);
}

TEST_CASE("kernel flows: only news of the handshake goes up") {
  if (!has_root()) return;
  KernelFixture kernel;
  kernel.sent(segment(syn));
  kernel.sent(segment(ack));
  kernel.sent(segment(ack));
  kernel.sent(segment(ack));
  kernel.sent(segment(fin | ack));
  const auto events = kernel.events();
  REQUIRE(events.size() == 3);
  CHECK(events[0].head.reason == (VMOAT_NEW | VMOAT_FLAGS));
  CHECK(events[1].head.reason == VMOAT_FLAGS);
  CHECK(events[2].head.reason == VMOAT_FLAGS);
  CHECK(kernel.flows()[0].flow.tcp_flags[VMOAT_FROM_NIC] == (syn | ack | fin));
}

TEST_CASE("kernel flows: a SYN on an ended connection has the appetite of a new one") {
  if (!has_root()) return;
  KernelFixture kernel;
  kernel.sent(segment(syn));
  kernel.sent(segment(psh | ack, 100));
  kernel.sent(segment(fin | ack));
  CHECK(kernel.flows()[0].flow.want[VMOAT_FROM_NIC] == 0);
  kernel.sent(segment(syn));
  CHECK(kernel.flows()[0].flow.want[VMOAT_FROM_NIC] == 100);
}

TEST_CASE("kernel flows: fragments are counted for their flow, both ways") {
  if (!has_root()) return;
  KernelFixture kernel;
  const auto first = TestFrame().ipv4(17, 0x2000).udp(1000, 53).payload(8).done();
  const auto later = TestFrame().ipv4(17, 0x0002).payload(40).done();
  kernel.sent(first);
  kernel.sent(later);
  kernel.received(later);  // the same id the other way is another datagram
  const auto flows = kernel.flows();
  REQUIRE(flows.size() == 2);
  const auto& whole = flows[flows[0].key.far_port == 53 ? 0 : 1];
  CHECK(whole.key.near_port == 1000);
  CHECK(whole.flow.packets[VMOAT_FROM_NIC] == 2);
  CHECK(whole.flow.bytes[VMOAT_FROM_NIC] == first.size() + later.size());
  for (const auto& event : kernel.events()) CHECK((event.head.reason & VMOAT_FRAGMENT) != 0);
}

TEST_CASE("kernel flows: a reset that does not fit leaves the flow as it is") {
  if (!has_root()) return;
  constexpr uint8_t rst = 4;
  KernelFixture kernel;
  const auto client = [](uint8_t flags, uint32_t seq, uint32_t ack_of, size_t payload = 0) {
    return TestFrame().ipv4(6).segment(40000, 80, flags, seq, ack_of).payload(payload).done();
  };
  const auto server = [](uint8_t flags, uint32_t seq, uint32_t ack_of) {
    return TestFrame().ipv4(6).segment(80, 40000, flags, seq, ack_of).done();
  };
  // received frames bear the same addresses as sent ones in this fixture: they are turned here
  const auto turned = [](std::vector<uint8_t> frame) {
    std::swap_ranges(frame.begin() + 26, frame.begin() + 30, frame.begin() + 30);
    return frame;
  };
  kernel.sent(client(syn, 100, 0));
  kernel.received(turned(server(syn | ack, 500, 101)));
  kernel.sent(client(psh | ack, 101, 501, 50));
  kernel.received(turned(server(ack, 501, 151)));
  (void)kernel.events();
  kernel.sent(client(rst, 9000, 0));
  kernel.received(turned(server(rst, 400, 0)));
  auto events = kernel.events();
  REQUIRE(events.size() == 2);
  for (const auto& event : events) CHECK((event.head.reason & VMOAT_STRAY) != 0);
  CHECK((kernel.flows()[0].flow.tcp_flags[VMOAT_FROM_NIC] & rst) == 0);
  kernel.received(turned(server(rst, 501, 0)));
  events = kernel.events();
  REQUIRE(events.size() == 1);
  CHECK((events[0].head.reason & VMOAT_STRAY) == 0);
  CHECK((kernel.flows()[0].flow.tcp_flags[VMOAT_TO_NIC] & rst) != 0);
  CHECK(kernel.flows().size() == 1);
}

TEST_CASE("kernel flows: a refusal must acknowledge the SYN") {
  if (!has_root()) return;
  constexpr uint8_t rst = 4;
  KernelFixture kernel;
  kernel.sent(TestFrame().ipv4(6).segment(40000, 80, syn, 100, 0).done());
  const auto refusal = [](uint32_t ack_of) {
    auto frame = TestFrame().ipv4(6).segment(80, 40000, rst | ack, 0, ack_of).done();
    std::swap_ranges(frame.begin() + 26, frame.begin() + 30, frame.begin() + 30);
    return frame;
  };
  kernel.received(refusal(7));
  CHECK((kernel.flows()[0].flow.tcp_flags[VMOAT_TO_NIC] & rst) == 0);
  kernel.received(refusal(101));
  CHECK((kernel.flows()[0].flow.tcp_flags[VMOAT_TO_NIC] & rst) != 0);
}

TEST_CASE("kernel flows: retransmissions are counted, keep-alives are none") {
  if (!has_root()) return;
  KernelFixture kernel;
  const auto data = [](uint32_t seq, size_t payload) {
    return TestFrame().ipv4(6).segment(40000, 80, psh | ack, seq, 1).payload(payload).done();
  };
  kernel.sent(TestFrame().ipv4(6).segment(40000, 80, syn, 0xfffffff0, 0).done());
  kernel.sent(data(0xfffffff1, 40));  // the sequence wraps within
  kernel.sent(data(0xfffffff1, 40));
  kernel.sent(data(0x19, 40));
  kernel.sent(data(0x40, 1));
  kernel.sent(data(0x40, 0));
  CHECK(kernel.flows()[0].flow.next[VMOAT_FROM_NIC] == 0x41);
  CHECK(kernel.flows()[0].flow.retransmissions[VMOAT_FROM_NIC] == 1);
  CHECK(kernel.flows()[0].flow.retransmissions[VMOAT_TO_NIC] == 0);
}

TEST_CASE("kernel flows: the appetite ends, and what is cut is seen to be") {
  if (!has_root()) return;
  KernelFixture kernel;
  for (int i = 0; i < 4; i++) kernel.sent(datagram(1000, 40));
  const auto events = kernel.events();
  REQUIRE(events.size() == 3);
  CHECK(events[1].bytes.size() == 82);
  CHECK(events[1].head.length == 82);
  CHECK(events[2].bytes.size() == 42 + 20);  // 100 bytes: 40, 40, 20
  CHECK(events[2].head.length == 82);
}

TEST_CASE("kernel flows: every size class") {
  if (!has_root()) return;
  auto settings = KernelFixture::default_settings();
  settings.opening_bytes = VMOAT_WANT_ALL;
  KernelFixture kernel(settings);
  uint16_t port = 1;
  for (size_t payload : {0, 100, 1000, 1400}) {
    kernel.sent(datagram(port++, payload));
    const auto events = kernel.events();
    REQUIRE(events.size() == 1);
    CHECK(events[0].bytes == datagram(static_cast<uint16_t>(port - 1), payload));
  }
}

TEST_CASE("kernel flows: quota of a NIC") {
  if (!has_root()) return;
  auto settings = KernelFixture::default_settings();
  settings.flows_per_nic = 3;
  KernelFixture kernel(settings);
  for (uint16_t port = 1; port <= 5; port++) kernel.sent(datagram(port, 0));
  CHECK(kernel.flows().size() == 3);
  CHECK(kernel.counters().lost_quota == 2);
  const auto events = kernel.events();
  REQUIRE(events.size() == 5);
  CHECK((events[4].head.reason & VMOAT_UNTRACKED) != 0);
}

TEST_CASE("kernel flows: a full table") {
  if (!has_root()) return;
  KernelFixture kernel(KernelFixture::default_settings(), 16);
  for (uint16_t port = 1; port <= 64; port++) kernel.sent(datagram(port, 0));
  CHECK(kernel.counters().lost_table > 0);
  CHECK(kernel.flows().size() + kernel.counters().lost_table == 64);
}

TEST_CASE("kernel flows: budget of upcalls") {
  if (!has_root()) return;
  auto settings = KernelFixture::default_settings();
  settings.upcall_cost_ns = 1'000'000'000;
  settings.upcall_burst_ns = 2'000'000'000;
  KernelFixture kernel(settings);
  for (uint16_t port = 1; port <= 10; port++) kernel.sent(datagram(port, 0));
  CHECK(kernel.events().size() == 3);
  CHECK(kernel.counters().lost_budget == 7);
  CHECK(kernel.flows().size() == 10);
}

TEST_CASE("kernel flows: a full ring loses events, not counts") {
  if (!has_root()) return;
  KernelFixture kernel;
  for (int i = 0; i < 6000; i++) kernel.sent(segment(syn));
  CHECK(kernel.counters().lost_ring > 0);
  CHECK(kernel.counters().lost_ring + kernel.events().size() == 6000);
  CHECK(kernel.flows()[0].flow.packets[VMOAT_FROM_NIC] == 6000);
}

TEST_CASE("kernel flows: answers") {
  if (!has_root()) return;
  KernelFixture kernel;
  kernel.sent(datagram(1, 10));
  kernel.sent(datagram(2, 10));
  const auto key = kernel.flows()[0].key;
  auto unknown = key;
  unknown.far_port = 9;
  auto answers = kernel.kernel->answers(0);
  answers[0] = {.key = key, .ask = VMOAT_ASK_WANT, .want = {0, 5}};
  answers[1] = {.key = unknown, .ask = VMOAT_ASK_WANT, .want = {1, 1}};
  REQUIRE(kernel.kernel->answer(0, 2).ok());
  CHECK(answers[1].ask == 0);
  CHECK(kernel.flows()[0].flow.want[VMOAT_TO_NIC] == 5);
  CHECK(kernel.flows()[0].flow.packets[VMOAT_FROM_NIC] == 1);
  answers[0] = {.key = key, .ask = VMOAT_ASK_COLLECT};
  REQUIRE(kernel.kernel->answer(0, 1).ok());
  CHECK(answers[0].flow.bytes[VMOAT_FROM_NIC] == 52);
  CHECK(kernel.flows().size() == 1);
}

TEST_CASE("kernel flows: what another tap has counted is not counted again") {
  if (!has_root()) return;
  KernelFixture kernel;
  constexpr uint32_t sender = 4242, half_tapped = 4243, stranger = 4244;
  REQUIRE(kernel.kernel->set_tap({*own_netns(), sender}, {.slot = 8, .counts_sent = 1}).ok());
  REQUIRE(kernel.kernel->set_tap({*own_netns(), half_tapped}, {.slot = 9, .counts_sent = 0}).ok());
  kernel.run(kernel.kernel->programs().to_nic, datagram(1, 0), sender);
  CHECK(kernel.flows().empty());
  kernel.run(kernel.kernel->programs().to_nic, datagram(1, 0), half_tapped);
  kernel.run(kernel.kernel->programs().to_nic, datagram(1, 0), stranger);
  kernel.run(kernel.kernel->programs().to_nic, datagram(1, 0));
  REQUIRE(kernel.flows().size() == 1);
  CHECK(kernel.flows()[0].flow.packets[VMOAT_TO_NIC] == 3);
  CHECK(kernel.counters().packets[VMOAT_TO_NIC] == 3);
}

TEST_CASE("kernel flows: what counting costs") {
  if (!has_root()) return;
  auto settings = KernelFixture::default_settings();
  settings.opening_bytes = 0;
  KernelFixture kernel(settings);
  constexpr uint32_t sender = 4242;
  REQUIRE(kernel.kernel->set_tap({*own_netns(), sender}, {.slot = 8, .counts_sent = 1}).ok());
  kernel.sent(datagram(1, 18));
  kernel.run(kernel.kernel->programs().from_nic, datagram(1, 18), 0, 1'000'000);
  MESSAGE("UDP sent: ", kernel.duration_ns, " ns");
  CHECK(kernel.duration_ns < 1000);
  kernel.run(kernel.kernel->programs().from_nic, segment(ack, 1000), 0, 1'000'000);
  MESSAGE("TCP sent: ", kernel.duration_ns, " ns");
  kernel.run(kernel.kernel->programs().to_nic, datagram(1, 18), sender, 1'000'000);
  MESSAGE("received, counted by its sender: ", kernel.duration_ns, " ns");
}
