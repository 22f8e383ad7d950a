// The kernel's meters per NIC: what floods are made of.
#include <doctest/doctest.h>

#include "capture/kernel_fixture.h"
#include "capture/test_frame.h"

using namespace vmoat;
using namespace vmoat::test;

namespace {

constexpr uint8_t fin = 1, syn = 2, rst = 4, psh = 8, ack = 16, urg = 32;

std::vector<uint8_t> segment(uint16_t port, uint8_t flags, uint16_t window = 0xffff) {
  std::vector<uint8_t> frame = TestFrame().ipv4(6).tcp(port, 80, flags).done();
  frame[14 + 20 + 14] = static_cast<uint8_t>(window >> 8);
  frame[14 + 20 + 15] = static_cast<uint8_t>(window);
  return frame;
}

uint64_t sent(KernelFixture& kernel, vmoat_meter meter) {
  return kernel.counters().meters[VMOAT_FROM_NIC][meter];
}

}  // namespace

TEST_CASE("bad TCP flags are what the rule says") {
  for (unsigned flags = 0; flags < 64; flags++) {
    const bool christmas = (flags & (fin | psh | urg)) == (fin | psh | urg);
    const bool opens_and_ends = (flags & syn) != 0 && (flags & (fin | rst)) != 0;
    const bool ends_alone = (flags & (fin | ack | rst)) == fin;
    const bool bad = flags == 0 || christmas || opens_and_ends || ends_alone;
    CHECK(((VMOAT_BAD_FLAGS >> flags & 1) != 0) == bad);
  }
}

TEST_CASE("kernel meters: handshakes, resets, bad flags, small windows") {
  if (!has_root()) return;
  KernelFixture kernel;
  kernel.sent(segment(1, syn));
  kernel.received(TestFrame().ipv4(6).tcp(1, 80, syn | ack).done());
  kernel.sent(segment(1, ack));
  kernel.sent(segment(1, ack));
  kernel.sent(segment(1, psh | ack));
  kernel.sent(segment(2, syn));
  kernel.sent(segment(2, rst));
  kernel.sent(segment(3, 0));
  kernel.sent(segment(4, syn | fin));
  kernel.sent(segment(1, ack, 3));
  kernel.sent(segment(1, ack, 0));
  CHECK(sent(kernel, VMOAT_METER_SYN) == 3);
  CHECK(sent(kernel, VMOAT_METER_COMPLETED) == 1);
  CHECK(sent(kernel, VMOAT_METER_RESET) == 1);
  CHECK(sent(kernel, VMOAT_METER_BAD_FLAGS) == 2);
  CHECK(sent(kernel, VMOAT_METER_SMALL_WINDOW) == 1);
  CHECK(kernel.counters().meters[VMOAT_TO_NIC][VMOAT_METER_SYN_ACK] == 1);
}

TEST_CASE("kernel meters: UDP flows, ICMP without neighbour discovery") {
  if (!has_root()) return;
  KernelFixture kernel;
  for (uint16_t port = 1; port <= 5; port++)
    for (int i = 0; i < 3; i++) kernel.sent(TestFrame().ipv4(17).udp(port, 53).payload(20).done());
  for (uint8_t type : {8, 0}) kernel.sent(TestFrame().ipv4(1).icmp(type, 0, 1).done());
  CHECK(sent(kernel, VMOAT_METER_UDP) == 15);
  CHECK(sent(kernel, VMOAT_METER_UDP_NEW) == 5);
  CHECK(sent(kernel, VMOAT_METER_ICMP) == 2);
}

TEST_CASE("kernel meters count beyond the flow table's quota and the budget of events") {
  if (!has_root()) return;
  vmoat_settings settings = KernelFixture::default_settings();
  settings.flows_per_nic = 10;
  settings.upcall_cost_ns = 1'000'000'000;
  KernelFixture kernel(settings);
  for (uint16_t port = 1; port <= 100; port++) kernel.sent(segment(port, syn));
  for (uint16_t port = 1; port <= 100; port++) kernel.sent(TestFrame().ipv4(17).udp(port, 53).done());
  CHECK(sent(kernel, VMOAT_METER_SYN) == 100);
  CHECK(sent(kernel, VMOAT_METER_UDP_NEW) == 100);
  CHECK(kernel.counters().lost_budget > 0);
}
