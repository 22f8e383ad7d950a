// What recognition was shown is what the server has read, or the verdict waits.
#include "engine/http_rig.h"

namespace vmoat::test {
namespace {

const std::string smuggled = "SSH-2.0-smuggled-past\r\n\r\n\r\n";

Buffer segment(uint32_t seq, const std::string& said, uint8_t flags = 24) {
  return tcp(client_port, 80, seq, 501, flags, text(said));
}

}  // namespace

TEST_CASE("under a plain rule a flow's opening vouches for all of it, once its server has read that") {
  HttpRig rig(http_tables(false));
  rig.open();
  CHECK(rig.says(get) == Ruling::pass);
  const uint32_t shown = 101 + static_cast<uint32_t>(get.size());
  CHECK(rig.ruled().verdict[VMOAT_TO_NIC] == VMOAT_UNDECIDED);
  CHECK(rig.ruled().verdict[VMOAT_FROM_NIC] == VMOAT_ANSWER);
  CHECK(rig.ruled().content.until == shown);
  CHECK_FALSE(rig.ruled().after);  // an answer may come while the frame at hand goes on
  CHECK(rig.answers(shown - 1) == Ruling::pass);
  CHECK(rig.says("more of it") == Ruling::pass);
  CHECK(rig.notes.ruled.size() == 1);
  CHECK(rig.answers(shown, "HTTP/1.1 200 OK\r\n\r\n") == Ruling::pass);
  CHECK(rig.ruled().verdict[VMOAT_TO_NIC] == VMOAT_ALLOW);
  CHECK(rig.ruled().verdict[VMOAT_FROM_NIC] == VMOAT_ALLOW);
  CHECK(rig.says("SSH-2.0-smuggled\r\n") == Ruling::pass);
}

TEST_CASE("what a client says in place of what recognition was shown cuts the flow, however it is cut") {
  const size_t size = get.size();
  for (const size_t from : {size_t{0}, size_t{5}, size - 1})
    for (const size_t more : {size_t{0}, size_t{9}}) {
      CAPTURE(from);
      HttpRig rig(http_tables(false));
      rig.open();
      REQUIRE(rig.says(get) == Ruling::pass);
      const std::string other = std::string(size - from, '?') + std::string(more, 'x');
      CHECK(rig.held(segment(101 + static_cast<uint32_t>(from), other)) == Ruling::reset);
      CHECK(rig.ruled().verdict[VMOAT_TO_NIC] == VMOAT_DENY);
      CHECK(rig.says(get) == Ruling::reset);
      CHECK((rig.only().anomalies & bit(Anomaly::tcp_overlap_differs)) != 0);
    }
}

TEST_CASE("what recognition was shown and never passed is compared, too") {
  HttpRig rig(http_tables(false));
  rig.open();
  rig.sent(true, segment(101, get));  // and dropped before it was held
  CHECK(rig.held(segment(101, smuggled)) == Ruling::reset);
}

TEST_CASE("what is said again as it was passes, before its server has read it and after") {
  HttpRig rig(http_tables(false));
  rig.open();
  REQUIRE(rig.says(get) == Ruling::pass);
  CHECK(rig.held(segment(101, get)) == Ruling::pass);
  CHECK(rig.held(segment(105, get.substr(4) + "news")) == Ruling::pass);
  CHECK(rig.answers(105) == Ruling::pass);
  CHECK(rig.held(segment(101, "what was read before " + get.substr(21))) == Ruling::reset);
  HttpRig read(http_tables(false));
  read.open();
  REQUIRE(read.says(get) == Ruling::pass);
  CHECK(read.answers(105) == Ruling::pass);
  CHECK(read.held(segment(104, std::string(1, 0))) == Ruling::pass);  // a keep-alive of old
  CHECK(read.held(segment(101, "PUT " + get.substr(4))) == Ruling::pass);
}

TEST_CASE("who has filled its share of what is kept to compare gets through what was read, no more") {
  PipelineOptions options = small_options();
  options.openings_bytes_max = 1 << 18;
  HttpRig rig(http_tables(false), options);
  const std::string half = "GET /" + std::string(4000, 'x');  // a piece of 4 KiB
  for (uint16_t port = 1024; port < 1024 + 50; port++) {
    rig.sent(true, tcp(port, 80, 100, 0, 2), port);
    rig.sent(false, tcp(80, port, 500, 101, 18), port);
    rig.sent(true, tcp(port, 80, 101, 501, 24, text(half)), port);
  }
  rig.open();
  CHECK(rig.says(get) == Ruling::refuse);
  CHECK(rig.answers(rig.next) == Ruling::pass);
  CHECK(rig.held(segment(101, get)) == Ruling::pass);  // its server has read it
}

namespace {

/** Somebody outside, 10.0.0.9, and a guest of ours. */
struct Stranger {
  HttpRig& rig;
  uint16_t slot;
  uint8_t host;
  uint16_t port;

  Buffer sent(bool asks, const Buffer& segment) const {
    const Buffer packet = asks ? ip_between(9, host, 6, segment) : ip_between(host, 9, 6, segment);
    Buffer frame = ethernet(0x0800, with_header_sum(with_tcp_sum(packet)));
    send_up(rig, slot, asks ? VMOAT_TO_NIC : VMOAT_FROM_NIC, {host, 80}, {9, port}, frame);
    return frame;
  }
  Buffer asks(const std::string& said) const {
    sent(true, tcp(port, 80, 100, 0, 2));
    sent(false, tcp(80, port, 500, 101, 18));
    return sent(true, tcp(port, 80, 101, 501, 24, text(said)));
  }
  Ruling is_let(const std::string& said) const {
    return rig.rule_frame(asks(said), slot, VMOAT_TO_NIC, no_slot).ruling;
  }
};

}  // namespace

TEST_CASE("what somebody outside says is kept in the share of the guest that it comes to") {
  PipelineOptions options = small_options();
  options.openings_bytes_max = 1 << 18;
  options.sessions_max = 1024;
  PolicyTables all = http_tables(false);
  all.rules[0].from = group_any;
  HttpRig rig(all, options);
  const auto flood = [&](uint16_t slot, uint8_t host) {
    for (const size_t size : {4000, 20})
      for (uint16_t i = 0; i < 200; i++)
        Stranger{rig, slot, host, static_cast<uint16_t>(size + i)}.asks("GET /" + std::string(size, 'x'));
  };
  flood(other_slot, 3);
  CHECK(Stranger{rig, db_slot, 2, client_port}.is_let(get) == Ruling::pass);
  flood(db_slot, 2);
  CHECK(Stranger{rig, db_slot, 2, client_port + 1}.is_let(get) == Ruling::refuse);
}

TEST_CASE("urgent data is no opening: its receiver reads the stream without it") {
  constexpr uint8_t urgent = 24 | tcp_urg;
  HttpRig rig(http_tables(false));
  rig.open();
  CHECK(rig.held(segment(101, get, urgent)) == Ruling::reset);
  CHECK(rig.says(get) == Ruling::reset);
}

TEST_CASE("what nobody compares in pieces does not pass in pieces until the server has read the opening") {
  HttpRig rig(http_tables(false));
  const Buffer datagram = segment(101, smuggled);
  const auto piece = [&](uint16_t id, ptrdiff_t from, ptrdiff_t until, uint16_t place) {
    const Buffer part(datagram.begin() + from, datagram.begin() + until);
    const Buffer bytes = ethernet(0x0800, with_header_sum(ipv4(IPPROTO_TCP, part, place, id)));
    return rig.rule_frame(bytes).ruling;
  };
  const auto in_pieces = [&](uint16_t id) {
    const Ruling first = piece(id, 0, 24, 0x2000);
    return std::pair(first, piece(id, 24, static_cast<ptrdiff_t>(datagram.size()), 3));
  };
  rig.open();
  REQUIRE(rig.says(get) == Ruling::pass);
  CHECK(in_pieces(1) == std::pair(Ruling::refuse, Ruling::drop));
  CHECK(rig.answers(rig.next) == Ruling::pass);
  CHECK(in_pieces(2) == std::pair(Ruling::pass, Ruling::pass));
}

TEST_CASE("where both ends are guarded each frame is held once until the server has read the opening") {
  HttpRig rig(http_tables(false, Mode::protect));
  rig.open();
  const Buffer first = segment(101, get);
  rig.sent(true, first);
  CHECK(rig.held(first, web_slot, VMOAT_FROM_NIC) == Ruling::pass);
  REQUIRE(rig.notes.ruled.size() == 2);
  for (const auto& [key, rule] : rig.notes.ruled) {
    CHECK(rule.verdict[VMOAT_FROM_NIC] == (key.slot == web_slot ? VMOAT_UNDECIDED : VMOAT_ANSWER));
    CHECK(rule.verdict[VMOAT_TO_NIC] == (key.slot == web_slot ? VMOAT_ANSWER : VMOAT_FOLLOWED));
    CHECK(rule.sender == (key.slot == web_slot ? db_slot : web_slot));
  }
  rig.notes.ruled.clear();
  CHECK(rig.answers(101 + static_cast<uint32_t>(get.size())) == Ruling::pass);
  REQUIRE(rig.notes.ruled.size() == 2);
  for (const auto& [key, rule] : rig.notes.ruled)
    for (const vmoat_verdict verdict : rule.verdict) CHECK(verdict == VMOAT_ALLOW);
}

TEST_CASE("what vouches for one connection vouches for no other one between the same ports") {
  HttpRig rig(http_tables(false));
  rig.open();
  REQUIRE(rig.says(get) == Ruling::pass);
  REQUIRE(rig.answers(rig.next) == Ruling::pass);
  REQUIRE(rig.ruled().verdict[VMOAT_TO_NIC] == VMOAT_ALLOW);
  const Buffer again = segment(9000, "", 2);  // the server has forgotten the first one
  rig.sent(true, again);
  CHECK(rig.held(again) == Ruling::pass);
  rig.sent(false, tcp(80, client_port, 7000, 9001, 18));
  CHECK(rig.ruled().verdict[VMOAT_TO_NIC] == VMOAT_UNDECIDED);
  rig.notes.ruled.clear();
  const Buffer other = segment(9001, smuggled);
  rig.sent(true, other);
  CHECK(rig.held(other) == Ruling::reset);
}

TEST_CASE("where no rule asks for an application nobody waits for the server") {
  PolicyTables t = http_tables(false);
  t.rules[0].applications.clear();
  HttpRig rig(t);
  rig.open();
  CHECK(rig.says(get) == Ruling::pass);
  CHECK(rig.ruled().verdict[VMOAT_TO_NIC] == VMOAT_ALLOW);
}

}  // namespace vmoat::test
