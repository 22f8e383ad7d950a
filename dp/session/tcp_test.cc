// TCP tracking: states, places in sequence space, gaps and overlaps.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "session/streams.h"
#include "session/test_packets.h"

namespace vmoat::test {

namespace {

/** A session that is fed packet by packet. */
struct Conversation {
  Session s{};
  Segment last;
  Packet packet;
  Sight sight = Sight::all;
  int64_t now_ns = 1'000'000'000;

  Segment::Kind say(int sender, uint32_t seq, uint32_t ack, uint8_t flags, std::string_view data = {}) {
    packet = tcp_packet(sender, seq, ack, flags, data);
    last = track_tcp(s, sender, packet, sight);
    s.last_ns = now_ns;
    return last.kind;
  }
  void shake_hands() {
    say(0, 100, 0, tcp_syn);
    say(1, 500, 101, tcp_syn | tcp_ack);
    say(0, 101, 501, tcp_ack);
  }
  [[nodiscard]] bool odd(Anomaly a) const { return has_anomaly(packet, a); }
};

}  // namespace

TEST_CASE("handshake, data, end") {
  Conversation c;
  c.say(0, 100, 0, tcp_syn);
  CHECK(c.s.state == State::half_open);
  CHECK(c.s.client() == 0);
  CHECK(c.s.has(direction_was_seen));
  c.say(1, 500, 101, tcp_syn | tcp_ack);
  CHECK(c.s.state == State::half_open);
  c.say(0, 101, 501, tcp_ack);
  CHECK(c.s.state == State::established);
  CHECK(c.say(0, 101, 501, tcp_ack | tcp_psh, "hello") == Segment::in_order);
  CHECK(as_text(c.last.data) == "hello");
  c.say(1, 501, 106, tcp_fin | tcp_ack);
  CHECK(c.s.state == State::closing);
  c.say(0, 106, 502, tcp_fin | tcp_ack);
  CHECK(c.s.state == State::closed);
  CHECK(c.s.end == FlowEnd::fin);
  c.say(1, 502, 107, tcp_ack);
  CHECK(c.packet.anomalies == 0);
}

TEST_CASE("a SYN-ACK alone tells who is the client") {
  Conversation c;
  c.say(1, 500, 101, tcp_syn | tcp_ack);
  CHECK(c.s.client() == 0);
  CHECK(c.s.has(direction_was_seen));
  CHECK_FALSE(c.s.has(was_picked_up));
}

TEST_CASE("picked up in mid-stream: the higher port is taken for the client") {
  Conversation c;
  CHECK(c.say(1, 9000, 5, tcp_ack, "data") == Segment::in_order);
  CHECK(c.s.state == State::established);
  CHECK(c.s.has(was_picked_up));
  CHECK_FALSE(c.s.has(direction_was_seen));
  CHECK(c.s.client() == 0);
}

TEST_CASE("a reset counts at the next byte due only (RFC 5961)") {
  Conversation c;
  c.shake_hands();
  c.say(1, 0x70000000, 0, tcp_rst);
  CHECK(c.odd(Anomaly::tcp_out_of_window));
  CHECK(c.s.state == State::established);
  c.say(1, 501 + 1000, 0, tcp_rst);  // in the window, but blind: the client answers with a challenge
  CHECK(c.odd(Anomaly::tcp_challenged));
  CHECK(c.s.state == State::established);
  c.say(0, 101, 501, tcp_ack);  // which it is
  CHECK(c.packet.anomalies == 0);
  c.say(1, 501, 0, tcp_rst);
  CHECK(c.s.state == State::closed);
  CHECK(c.s.end == FlowEnd::rst);
}

TEST_CASE("a reset may stand anywhere in what was sent and not acknowledged") {
  Conversation c;
  c.shake_hands();
  c.say(1, 501, 101, tcp_ack, "some data on its way");
  c.say(1, 501, 101, tcp_rst);
  CHECK(c.s.end == FlowEnd::rst);
  CHECK(c.packet.anomalies == 0);
}

TEST_CASE("what answers a SYN must acknowledge it") {
  Conversation c;
  c.say(0, 100, 0, tcp_syn);
  c.say(1, 7, 9999, tcp_rst | tcp_ack);
  CHECK(c.s.state == State::half_open);
  CHECK(c.packet.anomalies != 0);
  c.say(1, 0, 101, tcp_rst | tcp_ack);
  CHECK(c.s.end == FlowEnd::rst);
}

TEST_CASE("live, the kernel says whether a reset fits") {
  Conversation c;
  c.sight = Sight::flags;
  c.shake_hands();
  c.packet = tcp_packet(1, 9, 0, tcp_rst);
  c.packet.stray = true;
  track_tcp(c.s, 1, c.packet, Sight::flags);
  CHECK(c.odd(Anomaly::tcp_challenged));
  CHECK(c.s.state == State::established);
  c.say(1, 501, 0, tcp_rst);
  CHECK(c.s.state == State::closed);
}

TEST_CASE("a refused connection ends by its reset") {
  Conversation c;
  c.say(0, 100, 0, tcp_syn);
  c.say(1, 0, 101, tcp_rst | tcp_ack);
  CHECK(c.s.end == FlowEnd::rst);
}

TEST_CASE("retransmissions are counted, keep-alives and window probes are none") {
  Conversation c;
  c.shake_hands();
  c.say(0, 101, 501, tcp_ack, "hello");
  CHECK(c.say(0, 101, 501, tcp_ack, "hello") == Segment::repeated);
  CHECK(+c.s.tcp[0].retransmissions == 1);
  for (int i = 0; i < 3; i++) CHECK(c.say(0, 105, 501, tcp_ack, "o") == Segment::none);
  c.say(0, 105, 501, tcp_ack);
  CHECK(+c.s.tcp[0].retransmissions == 1);
  c.say(0, 106, 501, tcp_fin | tcp_ack);
  c.say(0, 106, 501, tcp_fin | tcp_ack);
  CHECK(+c.s.tcp[0].retransmissions == 2);
  CHECK(+c.s.tcp[1].retransmissions == 0);
  CHECK(c.packet.anomalies == 0);
}

TEST_CASE("a SYN sent again is a retransmission, on either side") {
  Conversation c;
  c.say(0, 100, 0, tcp_syn);
  c.say(0, 100, 0, tcp_syn);
  c.say(1, 500, 101, tcp_syn | tcp_ack);
  c.say(1, 500, 101, tcp_syn | tcp_ack);
  CHECK(c.s.state == State::half_open);
  c.say(0, 101, 501, tcp_ack);
  c.say(1, 500, 101, tcp_syn | tcp_ack);
  CHECK(+c.s.tcp[0].retransmissions == 1);
  CHECK(+c.s.tcp[1].retransmissions == 2);
  CHECK(c.packet.anomalies == 0);
}

TEST_CASE("data beyond the window is named; its scale counts where both ends offer one (RFC 7323)") {
  const auto far_off = [](bool both_scale, uint32_t ahead) {
    Conversation c;
    const auto syn = [&](int sender, uint32_t seq, uint32_t ack, uint8_t flags, bool scales) {
      c.packet = tcp_packet(sender, seq, ack, flags);
      c.packet.has_window_scale = scales;
      c.packet.window_scale = scales ? 7 : 0;
      c.packet.window = 1000;
      track_tcp(c.s, sender, c.packet, Sight::all);
    };
    syn(0, 100, 0, tcp_syn, true);
    syn(1, 500, 101, tcp_syn | tcp_ack, both_scale);
    syn(0, 101, 501, tcp_ack, false);
    const Segment::Kind kind = c.say(0, 101 + ahead, 501, tcp_ack, "x");
    return std::pair(kind, c.odd(Anomaly::tcp_out_of_window));
  };
  CHECK(far_off(true, 100'000) == std::pair(Segment::early, false));
  CHECK(far_off(true, 300'000) == std::pair(Segment::none, true));
  CHECK(far_off(false, 60'000) == std::pair(Segment::early, false));
  CHECK(far_off(false, 100'000) == std::pair(Segment::none, true));
}

TEST_CASE("a segment that overlaps brings its tail") {
  Conversation c;
  c.shake_hands();
  c.say(0, 101, 501, tcp_ack, "hello");
  CHECK(c.say(0, 103, 501, tcp_ack, "LLO world") == Segment::in_order);
  CHECK(as_text(c.last.data) == " world");
  CHECK(c.odd(Anomaly::tcp_overlap));
}

TEST_CASE("early data fills a hole; what is acknowledged unseen is a gap") {
  Conversation c;
  c.shake_hands();
  CHECK(c.say(0, 106, 501, tcp_ack, "world") == Segment::early);
  CHECK(c.say(0, 101, 501, tcp_ack, "hello") == Segment::in_order);
  CHECK(c.say(0, 111, 501, tcp_ack, "!") == Segment::in_order);
  c.say(1, 501, 112, tcp_ack);
  CHECK_FALSE(c.odd(Anomaly::tcp_gap));
  c.say(1, 501, 150, tcp_ack);
  CHECK(c.odd(Anomaly::tcp_gap));
  CHECK(bool{c.s.tcp[0].gap});
}

TEST_CASE("sequence numbers wrap") {
  Conversation c;
  c.say(0, 0xfffffffd, 0, tcp_syn);
  c.say(1, 500, 0xfffffffe, tcp_syn | tcp_ack);
  CHECK(c.say(0, 0xfffffffe, 501, tcp_ack, "hello") == Segment::in_order);
  CHECK(c.say(0, 3, 501, tcp_ack, "world") == Segment::in_order);
  CHECK(c.packet.anomalies == 0);
}

TEST_CASE("a SYN after the end is a new connection; amid one it has to be answered first") {
  Conversation closed;
  closed.shake_hands();
  closed.say(1, 501, 0, tcp_rst);
  CHECK(closed.say(0, 9999, 0, tcp_syn) == Segment::reused);
  Conversation c;
  c.shake_hands();
  CHECK(c.say(0, 100, 0, tcp_syn) == Segment::none);
  CHECK(c.packet.anomalies == 0);
  CHECK(c.say(0, 777777, 0, tcp_syn) == Segment::none);
  CHECK(c.odd(Anomaly::tcp_challenged));
  CHECK(c.s.state == State::established);
  CHECK(c.say(0, 101, 501, tcp_ack, "goes on") == Segment::in_order);
  CHECK(c.say(1, 3000, 777778, tcp_syn | tcp_ack) == Segment::reused);
}

TEST_CASE("simultaneous open (RFC 9293 3.5)") {
  Conversation c;
  c.say(0, 100, 0, tcp_syn);
  c.say(1, 500, 0, tcp_syn);
  c.say(0, 100, 501, tcp_syn | tcp_ack);
  CHECK(c.s.state == State::half_open);
  c.say(1, 500, 101, tcp_syn | tcp_ack);
  CHECK(c.s.state == State::established);
  CHECK(c.s.client() == 0);
  CHECK(c.packet.anomalies == 0);
  CHECK(c.say(0, 101, 501, tcp_ack, "hello") == Segment::in_order);
  CHECK(+c.s.tcp[0].retransmissions == 0);
}

TEST_CASE("split handshake: the server asks back and lets the client answer") {
  Conversation c;
  c.say(0, 100, 0, tcp_syn);
  c.say(1, 500, 0, tcp_syn);
  CHECK(c.packet.anomalies == 0);
  c.say(0, 100, 501, tcp_syn | tcp_ack);
  c.say(1, 501, 101, tcp_ack);
  CHECK(c.odd(Anomaly::tcp_split_handshake));
  CHECK(c.s.state == State::established);
}

TEST_CASE("a count told of the connection before its SYN came up") {
  Conversation c;
  c.sight = Sight::data;
  c.s.state = State::established;
  c.s.set_client(1);
  c.say(0, 100, 0, tcp_syn);
  CHECK(c.packet.anomalies == 0);
  CHECK(c.s.client() == 0);
  CHECK(c.say(0, 101, 501, tcp_ack, "hello") == Segment::in_order);
}

TEST_CASE("live and decided, only flags are followed") {
  Conversation c;
  c.sight = Sight::flags;
  c.shake_hands();
  CHECK(c.say(0, 5000, 501, tcp_ack, "far on") == Segment::none);
  c.say(0, 9000, 501, tcp_fin | tcp_ack);
  c.say(1, 70000, 9001, tcp_fin | tcp_ack);
  CHECK(c.s.end == FlowEnd::fin);
}

TEST_CASE("openings grow, early segments come out in order") {
  Streams streams(4 << 20);
  Session s{};
  s.tcp[0] = {.next = 10, .high = 10, .known = true};
  REQUIRE(streams.keep(s, 0, bytes_of("abc")));
  REQUIRE(streams.keep(s, 0, bytes_of(std::string(200, 'x'))));
  CHECK(streams.opening(s, 0).size() == 203);
  REQUIRE(streams.keep_early(s, 0, 16, bytes_of("third"), 5));
  REQUIRE(streams.keep_early(s, 0, 12, bytes_of("cond"), 4));
  CHECK(streams.take_early(s, 0).empty());
  s.tcp[0].next = 13;
  CHECK(as_text(streams.take_early(s, 0)) == "ond");
  CHECK(as_text(streams.take_early(s, 0)) == "third");
  CHECK(s.tcp[0].next == 21);
  CHECK(+s.tcp[0].early == 0);
  streams.drop(s);
  CHECK(streams.used() == 0);
}

TEST_CASE("openings stop at the window, early segments at eight") {
  Streams streams(4 << 20);
  Session s{};
  REQUIRE(streams.keep(s, 1, bytes_of(std::string(9000, 'x'))));
  CHECK(streams.opening(s, 1).size() == Streams::window_bytes_max);
  for (uint32_t i = 0; i < 8; i++) REQUIRE(streams.keep_early(s, 1, 100 + i, bytes_of("x"), 1));
  CHECK_FALSE(streams.keep_early(s, 1, 200, bytes_of("x"), 1));
  streams.drop(s);
  CHECK(streams.used() == 0);
}

TEST_CASE("a NIC's openings fill a share of the memory, and what was taken of one goes back to it") {
  constexpr size_t share = 64;
  Streams streams(share * Arena::share * Streams::window_bytes_max, 8);
  const std::string filling(Streams::window_bytes_max, 'x');
  const auto whole = bytes_of(filling);
  const auto fill = [&](uint16_t slot) {
    std::vector<Session> all(share + 1);
    for (Session& s : all) s.slot[0] = slot;
    const auto kept = std::ranges::count_if(all, [&](Session& s) { return streams.keep(s, 0, whole); });
    Session other{};
    other.slot[0] = static_cast<uint16_t>(slot + 1);
    CHECK(streams.keep(other, 0, whole));
    for (Session& s : all) streams.drop(s);
    streams.drop(other);
    return static_cast<size_t>(kept);
  };
  CHECK(fill(3) == share);
  Session seen_first_at_its_server{};
  seen_first_at_its_server.slot[1] = 4;
  REQUIRE(streams.keep(seen_first_at_its_server, 0, whole));
  seen_first_at_its_server.slot[0] = 3;
  REQUIRE(streams.keep_early(seen_first_at_its_server, 1, 7, bytes_of("x"), 1));
  CHECK(fill(3) == share - 4);  // a whole run is of the other class
  CHECK(fill(4) == share - 1);
  streams.drop(seen_first_at_its_server);
  CHECK(fill(3) == share);
  CHECK(fill(4) == share);
  CHECK(streams.used() == 0);
}

TEST_CASE("repeated data is held against what was kept") {
  Streams streams(4 << 20);
  Session s{};
  s.tcp[0] = {.next = 15, .high = 15, .known = true};
  REQUIRE(streams.keep(s, 0, bytes_of("hello")));
  CHECK_FALSE(streams.differs(s, 0, 10, bytes_of("hello")));
  CHECK(streams.differs(s, 0, 12, bytes_of("LO")));
  CHECK_FALSE(streams.differs(s, 0, 8, bytes_of("xxhe")));
  streams.drop(s);
}

TEST_CASE("without memory nothing is kept and nothing breaks") {
  Streams streams(0);
  Session s{};
  CHECK_FALSE(streams.keep(s, 0, bytes_of("hello")));
  CHECK_FALSE(streams.keep_early(s, 0, 1, bytes_of("x"), 1));
  CHECK(streams.opening(s, 0).empty());
}

}  // namespace vmoat::test
