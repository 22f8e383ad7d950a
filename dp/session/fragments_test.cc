// Fragments: any order, overlaps, bounds.
#include "session/fragments.h"

#include <doctest/doctest.h>

#include <string>

#include "session/test_packets.h"

namespace vmoat::test {

namespace {

constexpr int64_t start_ns = 1'700'000'000 * ns_per_s;

struct Box {
  Paths paths{16, SipHash(1, 2)};
  Fragments fragments;
  PathNumbers by = paths.find({});
  Datagram out;
  Packet packet;

  explicit Box(Overlap overlap = Overlap::first)
      : fragments({.bytes_max = 1 << 20, .overlap = overlap}, SipHash(1, 2), paths) {}

  Fragments::Outcome add(uint16_t offset, std::string_view data, bool more, uint32_t id = 1,
                         uint8_t source = 1, uint8_t proto = IPPROTO_UDP) {
    packet = {};
    packet.family = 4;
    packet.proto = proto;
    packet.src = address(source);
    packet.dst = address(99);
    packet.fragment = true;
    packet.more_fragments = more;
    packet.fragment_offset = offset;
    packet.fragment_id = id;
    packet.body = bytes_of(data);
    packet.body_length = static_cast<uint32_t>(data.size());
    packet.length = packet.body_length + 34;
    return fragments.add(packet, by, start_ns, true, out);
  }
  [[nodiscard]] bool odd(Anomaly a) const { return has_anomaly(packet, a); }
};

using enum Fragments::Outcome;

}  // namespace

TEST_CASE("fragments come together in any order") {
  Box b;
  CHECK(b.add(16, "third", false) == held);
  CHECK(b.add(0, "first---", true) == held);
  CHECK(b.add(8, "second--", true) == complete);
  CHECK(as_text(b.out.body) == "first---second--third");
  CHECK(b.out.packets == 3);
  CHECK(b.out.bytes == 21 + 3 * 34);
  CHECK(b.fragments.open() == 0);
}

TEST_CASE("datagrams of other ids, sources or protocols are others") {
  Box b;
  CHECK(b.add(0, "first---", true, 1) == held);
  CHECK(b.add(8, "last", false, 2) == held);
  CHECK(b.add(8, "last", false, 1, 2) == held);
  CHECK(b.add(8, "last", false, 1, 1, IPPROTO_ICMP) == held);
  CHECK(b.add(8, "last", false, 1) == complete);
  CHECK(b.fragments.open() == 3);
}

TEST_CASE("a fragment sent twice is no overlap") {
  Box b;
  b.add(0, "first---", true);
  CHECK(b.add(0, "first---", true) == held);
  CHECK_FALSE(b.odd(Anomaly::fragment_overlap));
}

TEST_CASE("where fragments overlap the first wins and the overlap is named") {
  Box b;
  b.add(8, "SECOND--", true);
  b.add(0, "first---xxxxxxxx", true);
  CHECK(b.odd(Anomaly::fragment_overlap));
  CHECK(b.add(16, "end", false) == complete);
  CHECK(as_text(b.out.body) == "first---SECOND--end");
}

TEST_CASE("by policy, a datagram with an overlap is not put together, nor is what comes of it later") {
  Box b(Overlap::drop);
  b.add(0, "first---", true);
  CHECK(b.add(0, "first---", true) == held);  // sent twice: ordinary
  b.add(8, "second--", true);
  CHECK(b.add(8, "SECOND--", true) == held);
  CHECK(b.odd(Anomaly::fragment_overlap));
  CHECK(b.add(16, "end", false) == held);
  CHECK(b.add(0, "first---", true) == held);
  CHECK(b.fragments.open() == 1);
  int gone = 0;
  b.fragments.let_go([&](Datagram& d, uint32_t) {
    gone++;
    CHECK(d.packets == 6);
    CHECK((d.anomalies & bit(Anomaly::fragment_overlap)) != 0);
  });
  CHECK(gone == 1);
}

TEST_CASE("a datagram that stays incomplete has the ports of its first fragment") {
  Box b;
  b.add(8, "later---", true);
  b.add(0, std::string_view("\x03\xe8\x00\x35\x00\x20\x00\x00", 8), true);
  b.fragments.let_go([&](Datagram& d, uint32_t) {
    CHECK(d.head.sport == 1000);
    CHECK(d.head.dport == 53);
  });
}

TEST_CASE("one fragment over a hole between two others fills it") {
  Box b;
  b.add(8, "bbbbbbbb", true);
  b.add(24, "dd", false);
  CHECK(b.add(0, "aaaaaaaaxxxxxxxxcccccccc", true) == complete);
  CHECK(as_text(b.out.body) == "aaaaaaaabbbbbbbbccccccccdd");
}

TEST_CASE("impossible fragments are named") {
  Box b;
  b.add(65528, "too far off", false);
  CHECK(b.odd(Anomaly::fragment_too_big));
  b.add(0, "123", true, 2);
  CHECK(b.odd(Anomaly::fragment_tiny));
  CHECK(b.odd(Anomaly::fragment_header_cut));
  b.add(8, "12345678", true, 3, 1, IPPROTO_TCP);
  CHECK(b.odd(Anomaly::fragment_tcp_offset1));
  b.add(8, "12345678", false, 4);
  b.add(8, "1234567812", false, 4);
  CHECK(b.odd(Anomaly::fragment_length));
}

TEST_CASE("what is not whole in time is given up, with its counts") {
  Box b;
  b.add(0, "first---", true);
  int gone = 0;
  const auto expire = [&](int64_t seconds) {
    b.fragments.expire(start_ns + seconds * ns_per_s, [&](Datagram& d, uint32_t) {
      gone++;
      CHECK(d.packets == 1);
      CHECK(has_anomaly(d.head, Anomaly::fragment_incomplete));
    });
  };
  expire(29);
  CHECK(gone == 0);
  expire(30);
  CHECK(gone == 1);
  CHECK(b.fragments.open() == 0);
}

TEST_CASE("a source has its quota") {
  Box b;
  uint32_t id = 1;
  while (b.add(0, "first---", true, id) == held) id++;
  CHECK(id == FragmentOptions{}.per_source_max + 1u);
  CHECK(b.add(0, "first---", true, 1, 2) == held);
}

TEST_CASE("memory is bounded and comes back") {
  Box b;
  const std::string large(8000, 'x');
  for (uint32_t id = 0; id < 500; id++) b.add(0, large, true, id, static_cast<uint8_t>(id));
  while (b.fragments.open() > 0) b.fragments.let_go([](Datagram&, uint32_t) {});
  CHECK(b.add(0, large, true, 9000) == held);
  CHECK(b.add(8000, "end", false, 9000) == complete);
  CHECK(b.out.body.size() == 8003);
}

}  // namespace vmoat::test
