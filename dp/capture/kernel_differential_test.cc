// Two parsers, one truth: the kernel's and the engine's make the same key of the same bytes, also of
// broken ones. The seed is printed; VMOAT_SEED and VMOAT_ROUNDS choose another run.
#include <doctest/doctest.h>

#include <random>

#include "capture/kernel_fixture.h"
#include "capture/test_frame.h"
#include "parse/walk.h"

using namespace vmoat;
using namespace vmoat::test;

namespace {

using Bits = std::mt19937_64;

uint64_t setting(const char* name, uint64_t otherwise) {
  const char* value = std::getenv(name);
  return value ? std::strtoull(value, nullptr, 10) : otherwise;
}

void transport(TestFrame& frame, uint8_t proto, Bits& bits) {
  const auto from = static_cast<uint16_t>(bits()), to = static_cast<uint16_t>(bits());
  switch (proto) {
    case 6:
      frame.tcp(from, to, static_cast<uint8_t>(bits()), bits() % 3);
      break;
    case 17:
    case 136:
      frame.udp(from, to);
      break;
    case 132:
      frame.sctp(from, to);
      break;
    default:
      frame.icmp(static_cast<uint8_t>(bits() % 2 ? 128 + bits() % 10 : bits() % 20), 0, from);
      break;
  }
  frame.payload(bits() % 40);
}

std::vector<uint8_t> make_frame(Bits& bits) {
  static constexpr uint8_t protocols[] = {6, 17, 1, 58, 132, 136, 47, 0, 59};
  static constexpr uint8_t extensions[] = {0, 43, 60, 135, 139, 140};
  TestFrame frame;
  for (uint64_t tags = bits() % 8; tags > 5; tags--) frame.vlan(bits() & 0xfff, bits() % 2 ? 0x8100 : 0x88a8);
  const uint8_t proto = protocols[bits() % std::size(protocols)];
  if (bits() % 2) {
    frame.ipv4(proto, bits() % 8 ? 0 : static_cast<uint16_t>(bits() & 0x3fff), bits() % 4 ? 0 : bits() % 11);
  } else {
    uint64_t chain = bits() % 4 ? 0 : bits() % 10;
    uint8_t next = chain ? extensions[bits() % std::size(extensions)] : proto;
    frame.ipv6(next);
    for (; chain; chain--) {
      next = chain > 1 ? extensions[bits() % std::size(extensions)] : proto;
      frame.extension(next, bits() % 3);
    }
  }
  transport(frame, proto, bits);
  return frame.done(bits() % 4 ? 0 : bits() % 30);
}

void mutate(std::vector<uint8_t>& frame, Bits& bits) {
  for (uint64_t changes = bits() % 4; changes; changes--) {
    const size_t at = bits() % 3 ? bits() % frame.size() : 12 + bits() % 10;
    frame[at] =
        bits() % 2 ? static_cast<uint8_t>(bits()) : static_cast<uint8_t>(frame[at] ^ (1 << bits() % 8));
  }
  // BPF_PROG_RUN refuses IP frames without a whole fixed header; the tap hook tests send such ones
  if (bits() % 3 == 0) frame.resize(54 + bits() % (frame.size() > 54 ? frame.size() - 53 : 1));
}

bool same_address(const uint8_t* key, const Address& address) {
  return std::memcmp(key, address.bytes(), 16) == 0;
}

std::string text(const std::vector<uint8_t>& frame) {
  std::string out;
  char byte[3];
  for (uint8_t b : frame) out += (std::snprintf(byte, sizeof(byte), "%02x", b), byte);
  return out;
}

// Of a fragment the engine decodes what follows only when the datagram is whole.
void compare(const vmoat_flow_key& key, const Packet& packet) {
  CHECK(key.family == packet.family);
  CHECK(same_address(key.near, packet.src));
  CHECK(same_address(key.far, packet.dst));
  CHECK(key.tags[0] == packet.tags[0]);
  CHECK(key.tags[1] == packet.tags[1]);
  if (packet.fragment) return;
  CHECK(key.proto == packet.proto);
  CHECK(key.near_port == packet.sport);
  CHECK(key.far_port == packet.dport);
}

/** What the engine can read and the kernel leaves to it: deep tags, LLC, MPLS, PPPoE, chains too long or cut.
 */
bool left_to_engine(const Packet& p) {
  const bool plain = p.ethertype == 0x0800 || p.ethertype == 0x86dd;
  return !plain || p.anomalies != 0 || p.tag_count > 2 || p.mpls.kind != TunnelKind::none;
}

}  // namespace

TEST_CASE("kernel and engine parse alike") {
  if (!has_root()) return;
  const uint64_t seed = setting("VMOAT_SEED", 20260101), rounds = setting("VMOAT_ROUNDS", 20000);
  MESSAGE("VMOAT_SEED=", seed, " VMOAT_ROUNDS=", rounds);
  KernelFixture kernel;
  Bits bits(seed);
  uint64_t keyed = 0;
  for (uint64_t i = 0; i < rounds; i++) {
    std::vector<uint8_t> frame = make_frame(bits);
    mutate(frame, bits);
    // every frame is of a flow that the table has just forgotten, so each goes up
    auto settings = KernelFixture::default_settings();
    settings.flows_per_nic = 0;
    if (i == 0) REQUIRE(kernel.kernel->apply(settings).ok());
    kernel.sent(frame);
    const auto events = kernel.events();
    REQUIRE(events.size() == 1);
    Packet packet;
    decode({.bytes = frame, .length = static_cast<uint32_t>(frame.size())}, packet);
    const std::string shown = text(frame);
    CAPTURE(shown);
    const bool has_key = events[0].head.key.family != 0;
    keyed += has_key;
    if (has_key)
      compare(events[0].head.key, packet);
    else
      CHECK((packet.family == 0 || left_to_engine(packet)));
  }
  CHECK(keyed > rounds / 2);
}
