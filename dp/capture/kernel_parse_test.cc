// The kernel's parser, frame by frame: which key, which reason.
#include <doctest/doctest.h>

#include "capture/kernel_fixture.h"
#include "capture/test_frame.h"

using namespace vmoat;
using namespace vmoat::test;

namespace {

constexpr uint8_t v4_near[] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 1};
constexpr uint8_t v6_far[] = {0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2};

/** One for all cases: loading is what takes time where the kernel is emulated. Its flows are left behind. */
KernelFixture& shared_kernel() {
  static KernelFixture kernel;
  for (const CountedFlow& f : kernel.flows()) {
    kernel.kernel->answers(0)[0] = {.key = f.key, .ask = VMOAT_ASK_COLLECT};
    REQUIRE(kernel.kernel->answer(0, 1).ok());
  }
  kernel.events();
  return kernel;
}

/** What one frame, sent by the guest, became. */
struct Parsed {
  bool keyed;
  vmoat_flow_key key;
  uint8_t reason;
};

Parsed parse(KernelFixture& kernel, const std::vector<uint8_t>& frame) {
  kernel.sent(frame);
  const auto events = kernel.events();
  REQUIRE(events.size() == 1);
  CHECK(events[0].head.length == frame.size());
  CHECK(events[0].head.slot == KernelFixture::slot);
  return {events[0].head.key.family != 0, events[0].head.key, events[0].head.reason};
}

}  // namespace

TEST_CASE("kernel parser: IPv4") {
  if (!has_root()) return;
  KernelFixture& kernel = shared_kernel();
  SUBCASE("TCP SYN") {
    auto p = parse(kernel, TestFrame().ipv4(6).tcp(40000, 80, 2).done());
    CHECK(p.reason == (VMOAT_NEW | VMOAT_FLAGS));
    CHECK(std::memcmp(p.key.near, v4_near, 16) == 0);
    CHECK(p.key.near_port == 40000);
    CHECK(p.key.far_port == 80);
    CHECK(p.key.family == 4);
    CHECK(p.key.proto == 6);
  }
  SUBCASE("options before UDP") {
    auto p = parse(kernel, TestFrame().ipv4(17, 0, 10).udp(5000, 6000).payload(8).done());
    CHECK(p.key.near_port == 5000);
    CHECK(p.key.far_port == 6000);
  }
  SUBCASE("UDP-Lite and SCTP have ports") {
    CHECK(parse(kernel, TestFrame().ipv4(136).udp(1, 2).done()).key.far_port == 2);
    CHECK(parse(kernel, TestFrame().ipv4(132).sctp(3, 4).done()).key.far_port == 4);
  }
  SUBCASE("other protocols have none") {
    auto p = parse(kernel, TestFrame().ipv4(47).payload(20).done());
    CHECK(p.keyed);
    CHECK(p.key.near_port == 0);
    CHECK(p.key.far_port == 0);
  }
  SUBCASE("a later fragment has the ports of its first, where that came before") {
    const auto later = [](uint8_t proto) {
      return TestFrame().ipv4(proto, 0x0002).udp(7, 8).payload(8).done();
    };
    CHECK(parse(kernel, later(136)).key.far_port == 0);
    auto first = parse(kernel, TestFrame().ipv4(17, 0x2000).udp(7, 8).payload(8).done());
    CHECK((first.reason & VMOAT_FRAGMENT) != 0);
    CHECK(first.key.far_port == 8);
    auto p = parse(kernel, later(17));
    CHECK((p.reason & VMOAT_FRAGMENT) != 0);
    CHECK(p.key.near_port == 7);
    CHECK(p.key.far_port == 8);
    CHECK(parse(kernel, later(136)).key.far_port == 0);  // another protocol, another datagram
  }
  SUBCASE("padding is no header") {
    auto p = parse(kernel, TestFrame().ipv4(17).done(26));
    CHECK((p.reason & VMOAT_ODD) != 0);
    CHECK(p.keyed);
    CHECK(p.key.far_port == 0);
  }
  SUBCASE("cut or broken headers have no key") {
    CHECK_FALSE(parse(kernel, TestFrame().type(0x0800).put({0x44}).payload(40).done()).keyed);
    CHECK_FALSE(parse(kernel, TestFrame().type(0x0800).put({0x65}).payload(40).done()).keyed);
    CHECK_FALSE(parse(kernel, TestFrame().type(0x0800).put({0x4f}).payload(40).done()).keyed);
  }
}

TEST_CASE("kernel parser: IPv6") {
  if (!has_root()) return;
  KernelFixture& kernel = shared_kernel();
  SUBCASE("TCP") {
    auto p = parse(kernel, TestFrame().ipv6(6).tcp(40000, 443, 2).done());
    CHECK(std::memcmp(p.key.far, v6_far, 16) == 0);
    CHECK(p.key.far_port == 443);
    CHECK(p.key.family == 6);
  }
  SUBCASE("eight extension headers are read, nine are not") {
    TestFrame eight, nine;
    eight.ipv6(60), nine.ipv6(60);
    for (int i = 0; i < 7; i++) eight.extension(60, i % 2), nine.extension(60);
    auto p = parse(kernel, eight.extension(17).udp(1, 2).done());
    CHECK(p.key.proto == 17);
    CHECK(p.key.far_port == 2);
    CHECK_FALSE(parse(kernel, nine.extension(60).extension(17).udp(1, 2).done()).keyed);
  }
  SUBCASE("fragments") {
    CHECK(parse(kernel, TestFrame().ipv6(44).fragment_header(17, 1).udp(1, 2).done()).key.far_port == 2);
    auto later = parse(kernel, TestFrame().ipv6(44).fragment_header(60, 8).udp(1, 2).done());
    CHECK((later.reason & VMOAT_FRAGMENT) != 0);
    CHECK(later.key.proto == 17);
    CHECK(later.key.far_port == 2);
    CHECK((parse(kernel, TestFrame().ipv6(44).fragment_header(17, 0).udp(3, 4).done()).reason &
           VMOAT_FRAGMENT) == 0);
  }
  SUBCASE("a chain that is cut has no key") {
    CHECK_FALSE(parse(kernel, TestFrame().ipv6(0).put({6, 9}).payload(20).done()).keyed);
    CHECK_FALSE(parse(kernel, TestFrame().ipv6(0).put({6}).done()).keyed);
  }
  SUBCASE("neighbour discovery teaches") {
    auto p = parse(kernel, TestFrame().ipv6(58).icmp(135, 0, 0).payload(24).done());
    CHECK((p.reason & VMOAT_TEACH) != 0);
    CHECK(p.key.far_port == 135 << 8);
  }
}

TEST_CASE("kernel parser: ICMP queries and their answers are one flow") {
  if (!has_root()) return;
  KernelFixture& kernel = shared_kernel();
  kernel.sent(TestFrame().ipv4(1).icmp(8, 0, 77).payload(16).done());
  auto reply = TestFrame().ipv4(1).icmp(0, 0, 77).payload(16).done();
  std::swap_ranges(reply.begin() + 26, reply.begin() + 30, reply.begin() + 30);
  kernel.received(reply);
  const auto flows = kernel.flows();
  REQUIRE(flows.size() == 1);
  CHECK(flows[0].key.near_port == 77);
  CHECK(flows[0].key.far_port == 8 << 8);
  CHECK(flows[0].flow.packets[VMOAT_FROM_NIC] == 1);
  CHECK(flows[0].flow.packets[VMOAT_TO_NIC] == 1);
}

TEST_CASE("kernel parser: VLAN tags in the bytes") {
  if (!has_root()) return;
  KernelFixture& kernel = shared_kernel();
  auto one = parse(kernel, TestFrame().vlan(100).ipv4(17).udp(1, 2).done());
  CHECK(one.key.tags[0] == 100);
  CHECK(one.key.far_port == 2);
  auto two = parse(kernel, TestFrame().vlan(100, 0x88a8).vlan(200).ipv6(17).udp(1, 2).done());
  CHECK(two.key.tags[0] == 100);
  CHECK(two.key.tags[1] == 200);
  CHECK_FALSE(parse(kernel, TestFrame().vlan(1).vlan(2).vlan(3).ipv4(17).udp(1, 2).done()).keyed);
}

TEST_CASE("kernel parser: what is no IP") {
  if (!has_root()) return;
  KernelFixture& kernel = shared_kernel();
  auto arp = parse(kernel, TestFrame().type(0x0806).payload(28).done());
  CHECK(arp.reason == VMOAT_TEACH);
  CHECK_FALSE(arp.keyed);
  CHECK(parse(kernel, TestFrame().type(0x88cc).payload(40).done()).reason == VMOAT_ODD);
  CHECK((parse(kernel, TestFrame().ipv4(17).udp(68, 67).payload(300).done()).reason & VMOAT_TEACH) != 0);
}
