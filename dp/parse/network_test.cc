// IPv4 and IPv6: addresses, lengths, options, extension headers, fragments.
#include <doctest/doctest.h>

#include <algorithm>

#include "parse/test_bytes.h"

namespace vmoat::test {

namespace {

Packet v4(const Buffer& bytes) {
  return decoded(ethernet(0x0800, bytes));
}
Packet v6(const Buffer& bytes) {
  return decoded(ethernet(0x86dd, bytes));
}
const Buffer datagram = udp(1000, 2000, text("hello"));

}  // namespace

TEST_CASE("IPv4 addresses are mapped") {
  const Packet p = v4(ipv4(17, datagram));
  const Buffer expected = hex("00000000000000000000ffff0a000001");
  CHECK(std::equal(expected.begin(), expected.end(), p.src.bytes()));
  CHECK(p.family == 4);
  CHECK(p.proto == 17);
}

TEST_CASE("IPv4 lengths that cannot be") {
  Buffer b = ipv4(17, datagram);
  b[0] = 0x44;
  CHECK(is_odd(v4(b), Anomaly::ipv4_header_length));
  b[0] = 0x4f;
  CHECK(is_odd(v4(b), Anomaly::ipv4_header_length));
  b[0] = 0x65;
  CHECK(is_odd(v4(b), Anomaly::ipv4_version));
  b[0] = 0x45;
  b[3] = 10;
  CHECK(is_odd(v4(b), Anomaly::ipv4_total_length));
  b[3] = 200;
  CHECK(is_odd(v4(b), Anomaly::ipv4_truncated));
  CHECK(as_text(v4(b).payload) == "hello");
}

TEST_CASE("what the capture cut is not the packet's fault") {
  Buffer whole = ethernet(0x0800, ipv4(17, udp(1000, 2000, Buffer(100, 'x'))));
  whole.resize(60);
  const Packet p = decoded(whole, LinkType::ethernet, 82);
  CHECK(p.anomalies == 0);
  CHECK(p.cut);
  CHECK(p.payload_length == 100);
  CHECK(p.payload.size() == 18);
}

TEST_CASE("a super-frame beyond 64 KiB says length 0") {
  Buffer b = ipv4(6, tcp(1, 2, 0, 0, 16, Buffer(70000, 'x')));
  b[2] = b[3] = 0;
  const Packet p = v4(b);
  CHECK(p.anomalies == 0);
  CHECK(p.payload_length == 70000);
}

TEST_CASE("IPv4 options") {
  Buffer b = hex("46000000 0009 0000 40 11 0000 0a000001 0a000002") + hex("83 04 04 00") + datagram;
  b[3] = static_cast<uint8_t>(b.size());
  CHECK(is_odd(v4(b), Anomaly::ipv4_source_route));
  CHECK(v4(b).dport == 2000);
  b[21] = 9;
  CHECK(is_odd(v4(b), Anomaly::ipv4_options));
  b[21] = 0;
  CHECK(is_odd(v4(b), Anomaly::ipv4_options));
}

TEST_CASE("IPv4 fragments are marked, their transport is left alone") {
  const Packet first = v4(ipv4(17, datagram, 0x2000));
  CHECK(first.fragment);
  CHECK(first.more_fragments);
  CHECK(first.dport == 0);
  const Packet last = v4(ipv4(17, datagram, 185));
  CHECK(last.fragment_offset == 1480);
  CHECK_FALSE(last.more_fragments);
  CHECK(is_odd(v4(ipv4(17, datagram, 0x8000)), Anomaly::ipv4_flag_reserved));
}

TEST_CASE("IPv6 extension headers are walked") {
  const Buffer hop = hex("3c 00 01040000 0000"), destination = hex("11 01") + Buffer(14, 0);
  const Packet p = v6(ipv6(0, hop + destination + datagram));
  CHECK(p.proto == 17);
  CHECK(p.dport == 2000);
  CHECK(p.anomalies == 0);
}

TEST_CASE("IPv6 extension headers that should not be") {
  const Buffer route0 = hex("11 00 00 00 00000000");
  CHECK(is_odd(v6(ipv6(43, route0 + datagram)), Anomaly::ipv6_route0));
  const Buffer late_hop = hex("00 00 01040000 0000") + hex("11 00 01040000 0000");
  CHECK(is_odd(v6(ipv6(60, late_hop + datagram)), Anomaly::ipv6_extension_order));
  CHECK(is_odd(v6(ipv6(60, hex("11 ff 0000"))), Anomaly::ipv6_extension_short));
  Buffer many;
  for (int i = 0; i < 9; i++) many = many + hex("3c 00 01040000 0000");
  const Packet p = v6(ipv6(60, many + datagram));
  CHECK(is_odd(p, Anomaly::ipv6_extensions_many));
  CHECK(p.layer == Layer::network);  // no ports are believed behind it, as in the kernel
  CHECK(p.dport == 0);
}

TEST_CASE("IPv6 fragments") {
  const Packet first = v6(ipv6(44, hex("11 00 0001 00000007") + datagram));
  CHECK(first.fragment);
  CHECK(first.fragment_id == 7);
  CHECK(first.proto == 17);
  CHECK(first.body_length == datagram.size());
  const Packet atomic = v6(ipv6(44, hex("11 00 0000 00000007") + datagram));
  CHECK_FALSE(atomic.fragment);
  CHECK(atomic.dport == 2000);
}

TEST_CASE("a first fragment holds its whole header chain, or not (RFC 7112)") {
  const auto chain_is_whole = [](const Buffer& rest, uint8_t next) {
    return has_whole_chain(v6(ipv6(44, Buffer{next} + hex("00 0001 00000007") + rest)));
  };
  const Buffer destination = hex("06 00 01040000 0000"), segment = tcp(1, 2, 0, 0, 2);
  CHECK(chain_is_whole(destination + segment, 60));
  CHECK_FALSE(chain_is_whole(destination, 60));
  CHECK_FALSE(chain_is_whole(hex("3c"), 60));
  CHECK_FALSE(chain_is_whole(destination + Buffer(segment.begin(), segment.begin() + 16), 60));
  Buffer options = segment;
  options[12] = 0x60;
  CHECK_FALSE(chain_is_whole(options, 6));
}

TEST_CASE("a fragment's headers count with those before it") {
  const auto chain_is_whole = [](int behind) {
    Buffer bytes = hex("2c 00 01040000 0000 3c 00 0001 00000007");
    for (int i = 1; i <= behind; i++) {
      const Buffer header = hex(i < behind ? "3c 00 01040000 0000" : "06 00 01040000 0000");
      bytes.insert(bytes.end(), header.begin(), header.end());
    }
    const Buffer segment = tcp(1, 2, 0, 0, 2);
    bytes.insert(bytes.end(), segment.begin(), segment.end());
    return has_whole_chain(v6(ipv6(0, bytes)));
  };
  CHECK(chain_is_whole(6));
  CHECK_FALSE(chain_is_whole(7));
}

TEST_CASE("a fragment within a whole datagram is not put together again") {
  Packet p = v6(ipv6(44, hex("2c 00 0001 00000007") + hex("11 00 0001 00000008") + datagram));
  decode_whole(p);
  CHECK(is_odd(p, Anomaly::ipv6_extension_order));
  CHECK_FALSE(p.fragment);
  CHECK(p.dport == 0);
}

TEST_CASE("IPv6 lengths") {
  Buffer b = ipv6(17, datagram);
  b[5] = 100;
  CHECK(is_odd(v6(b), Anomaly::ipv6_truncated));
  CHECK(is_odd(v6(hex("6000")), Anomaly::ipv6_short));
  b[0] = 0x40;
  CHECK(is_odd(v6(b), Anomaly::ipv6_version));
}

TEST_CASE("no next header") {
  const Packet p = v6(ipv6(59, text("padding")));
  CHECK(p.proto == 59);
  CHECK(p.body.empty());
}

}  // namespace vmoat::test
