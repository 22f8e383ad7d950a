#include "engine/unread.h"

#include <doctest/doctest.h>

#include "engine/bypass_frames.h"
#include "parse/walk.h"

namespace vmoat::test {
namespace {

Talk talk(int family) {
  Talk t;
  t.family = family;
  t.from = {{2, 0, 0, 0, 0, 1}, {10, 0, 0, 1}, Buffer(15, 0x20) + Buffer{1}};
  t.to = {{2, 0, 0, 0, 0, 2}, {10, 0, 0, 2}, Buffer(15, 0x20) + Buffer{2}};
  return t;
}

bool unread(const Buffer& bytes, bool is_checksum_left = false) {
  const Frame frame = {
      .bytes = bytes, .length = static_cast<uint32_t>(bytes.size()), .is_checksum_left = is_checksum_left};
  Packet packet;
  decode(frame, packet);
  return is_unread(packet, frame);
}

Buffer with(Buffer bytes, size_t from_the_end) {
  bytes[bytes.size() - from_the_end] ^= 1;
  return bytes;
}

}  // namespace

TEST_CASE("what a receiver takes is read, whatever its headers") {
  for (const int family : {4, 6}) {
    const Talk t = talk(family);
    CHECK_FALSE(unread(t.udp_frame(80)));
    CHECK_FALSE(unread(t.frame(t.ip(proto_tcp, t.segment(80, ack, 1000, t.mark())))));
    CHECK_FALSE(unread(t.frame(t.ip(proto_tcp, t.segment(80, syn, 1000, t.mark())))));
    CHECK_FALSE(unread(t.frame(t.ip(proto_tcp, t.segment(80, ack, 1000, Buffer{7, 8, 9})))));
    CHECK_FALSE(unread(t.ether(0x8100, tagged(5, t.ethertype(), t.ip(proto_udp, t.datagram(80))))));
    CHECK_FALSE(unread(t.padded(t.ip(proto_udp, t.datagram(80)))));
    CHECK_FALSE(unread(with(t.udp_frame(80), 1), true));
  }
  const Talk t = talk(4);
  CHECK_FALSE(unread(t.frame(t.ip(proto_udp, udp(1000, 80, text("no checksum"))))));
  CHECK_FALSE(unread(t.frame(t.ip(proto_udp, t.datagram(80), {.options = hex("01010101")}))));
}

TEST_CASE("what a receiver throws away is unread") {
  for (const int family : {4, 6}) {
    const Talk t = talk(family);
    CHECK(unread(with(t.udp_frame(80), 1)));
    CHECK(unread(with(t.frame(t.ip(proto_tcp, t.segment(80, ack, 1000, t.mark()))), 3)));
    CHECK(unread(t.frame(t.ip(proto_tcp, t.segment(80, 0, 1000, t.mark())))));
    CHECK(unread(t.frame(t.ip(proto_tcp, t.segment(80, ack | tcp_urg, 1000, t.mark())))));
    CHECK(unread(t.frame(t.ip(proto_udp, t.datagram(80), {.length_error = 4}))));
  }
  const Talk t = talk(4);
  CHECK(unread(t.udp_frame(80, {.bad_checksum = true})));
}

}  // namespace vmoat::test
