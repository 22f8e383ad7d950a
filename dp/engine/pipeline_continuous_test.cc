// Rules that are continuous: what a client goes on to say decides, and nothing of the flow is left to the
// kernel.
#include "engine/held_rig.h"

namespace vmoat::test {
namespace {

constexpr uint16_t port = 40000;

/** web may speak HTTP to db; both may be in protect. */
PolicyTables tables(bool continuous, Mode of_web = Mode::learn) {
  PolicyTables t{.generation = 1};
  for (const char* name : {"any", "host", "external", "web", "db"}) t.groups.push_back({.name = name});
  t.groups[web].mode = of_web;
  t.groups[db].mode = Mode::protect;
  t.rules = {{.number = 1,
              .id = "r",
              .from = web,
              .to = db,
              .applications = {"http"},
              .action = Verdict::allow,
              .continuous = continuous}};
  t.nics = {{.tap = "web", .groups = {0, web}}, {.tap = "db", .groups = {0, db}}};
  t.unknown = {0};
  return t;
}

struct ReadRig : Rig {
  uint32_t next = 101;
  uint8_t number = 0;

  explicit ReadRig(const PolicyTables& given) : Rig(small_options(), true) { policy(given); }
  void policy(const PolicyTables& given) {
    LivePolicy now = live(given);
    now.facts[web_slot].guarded = given.groups[web].mode == Mode::protect;
    pipeline.policy(std::make_shared<const LivePolicy>(std::move(now)));
  }
  /** As the kernel sends it up. */
  void sent(bool by_web, const Buffer& segment) { send_up(*this, by_web, frame(by_web, segment), port, 80); }
  static Buffer frame(bool by_web, const Buffer& segment) {
    const Buffer packet = by_web ? ip_between(1, 2, 6, segment) : ip_between(2, 1, 6, segment);
    return ethernet(0x0800, with_header_sum(with_tcp_sum(packet)));
  }
  HeldRuling rule(const Buffer& segment, uint16_t slot = db_slot, vmoat_way way = VMOAT_TO_NIC) {
    const Buffer bytes = frame(true, segment);
    return pipeline.rule({.bytes = bytes,
                          .time_ns = ++now_ns,
                          .length = static_cast<uint32_t>(bytes.size()),
                          .segment = 1,
                          .slot = slot,
                          .sender = web_slot,
                          .number = ++number,
                          .way = static_cast<uint8_t>(way)});
  }
  Ruling held(const Buffer& segment, uint16_t slot = db_slot, vmoat_way way = VMOAT_TO_NIC) {
    return rule(segment, slot, way).ruling;
  }
  void open() {
    sent(true, tcp(port, 80, 100, 0, 2));
    sent(false, tcp(80, port, 500, 101, 18));
  }
  /** The client says it, told and held. */
  Ruling says(const std::string& said, uint32_t skip = 0) {
    const Buffer segment = tcp(port, 80, next + skip, 501, 24, text(said));
    next += skip + static_cast<uint32_t>(said.size());
    sent(true, segment);
    return held(segment);
  }
  FlowRule ruled() {
    REQUIRE_FALSE(notes.ruled.empty());
    return notes.ruled.back().second;
  }
};

const std::string get = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

}  // namespace

TEST_CASE("under a continuous rule a flow is followed, and cut once its client says something else") {
  ReadRig rig(tables(true));
  rig.open();
  CHECK(rig.says(get) == Ruling::pass);
  CHECK(rig.ruled().verdict[VMOAT_FROM_NIC] == VMOAT_ALLOW);  // nobody reads what the server says
  CHECK(rig.ruled().verdict[VMOAT_TO_NIC] == VMOAT_FOLLOW);
  CHECK(rig.notes.allowed_pairs.empty());
  for (int i = 0; i < 200; i++) REQUIRE(rig.says(get) == Ruling::pass);
  CHECK(rig.says("SSH-2.0-smuggled\r\n") == Ruling::reset);
  CHECK(rig.ruled().verdict[VMOAT_TO_NIC] == VMOAT_DENY);
  CHECK(rig.says(get) == Ruling::reset);
}

TEST_CASE("under a plain rule a flow's opening vouches for all of it") {
  ReadRig rig(tables(false));
  rig.open();
  CHECK(rig.says(get) == Ruling::pass);
  CHECK(rig.ruled().verdict[VMOAT_TO_NIC] == VMOAT_ALLOW);
  CHECK(rig.says("SSH-2.0-smuggled\r\n") == Ruling::pass);
}

TEST_CASE("what a client says is read once and in order, whatever comes twice or too early") {
  ReadRig rig(tables(true));
  rig.open();
  const Buffer first = tcp(port, 80, 101, 501, 24, text(get));
  CHECK(rig.says(get) == Ruling::pass);
  CHECK(rig.held(first) == Ruling::pass);  // once more
  const Buffer late = tcp(port, 80, rig.next, 501, 24, text(get));
  const uint32_t after = rig.next + static_cast<uint32_t>(get.size());
  const Buffer other = tcp(port, 80, after, 501, 24, text("xx\r\n"));
  const HeldRuling early = rig.rule(other);
  CHECK(early.ruling == Ruling::wait);
  CHECK(rig.rule(tcp(port, 80, after + 4, 501, 24, text("x"))).ticket != early.ticket);
  const HeldRuling before = rig.rule(late);
  CHECK(before.ruling == Ruling::pass);
  CHECK(before.ticket == early.ticket);
  CHECK(rig.held(other) == Ruling::reset);
}

TEST_CASE("content of a known length is told, is no frame's that says more, and ends where it was said to") {
  constexpr uint32_t content_bytes = 1 << 20;
  const std::string put =
      "PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(content_bytes) + "\r\n\r\n";
  ReadRig rig(tables(true));
  const auto at = [&](uint32_t seq, const std::string& said) {
    return rig.held(tcp(port, 80, seq, 501, 24, text(said)));
  };
  rig.open();
  REQUIRE(rig.says(put) == Ruling::pass);
  const vmoat_content content = rig.ruled().content;
  CHECK(content.from == rig.next);
  REQUIRE(content.until == rig.next + content_bytes);
  CHECK(at(content.until, get) == Ruling::pass);  // what comes before may be on its way still
  CHECK(at(content.until - 500, std::string(500, 'x')) == Ruling::pass);
  rig.next = content.until + static_cast<uint32_t>(get.size());
  for (int i = 0; i < 64; i++) REQUIRE(rig.says(get) == Ruling::pass);
  CHECK(rig.ruled().content.from == rig.ruled().content.until);  // told no longer: numbers come again
  CHECK(rig.says("SSH-2.0-smuggled\r\n") == Ruling::reset);
  ReadRig behind(tables(true));
  behind.open();
  REQUIRE(behind.says(put) == Ruling::pass);
  const uint32_t end = behind.ruled().content.until;
  CHECK(behind.held(tcp(port, 80, end - 4, 501, 24, text("bodySSH-2.0-smuggled\r\n"))) == Ruling::reset);
}

TEST_CASE(
    "a flow whose beginning nobody saw is allowed by no continuous rule, one that ran before it was is") {
  ReadRig unseen(tables(true));
  CHECK(unseen.says(get) != Ruling::pass);
  ReadRig older(tables(false));
  older.open();
  CHECK(older.says(get) == Ruling::pass);
  older.now_ns += second_ns;
  older.pipeline.advance(older.now_ns);
  older.policy(tables(true));
  CHECK(older.says(get) == Ruling::pass);
  CHECK(older.ruled().verdict[VMOAT_TO_NIC] == VMOAT_ALLOW);
}

TEST_CASE("where both ends are guarded each frame is held where it comes from, once it is known there") {
  ReadRig rig(tables(true, Mode::protect));
  rig.open();
  const Buffer first = tcp(port, 80, 101, 501, 24, text(get));
  rig.sent(true, first);
  CHECK(rig.held(first, web_slot, VMOAT_FROM_NIC) == Ruling::pass);
  rig.notes.ruled.clear();
  CHECK(rig.held(first) == Ruling::pass);
  REQUIRE(rig.notes.ruled.size() == 2);
  for (const auto& [key, rule] : rig.notes.ruled) {
    CHECK(rule.verdict[VMOAT_FROM_NIC] == (key.slot == web_slot ? VMOAT_FOLLOW : VMOAT_ALLOW));
    CHECK(rule.verdict[VMOAT_TO_NIC] == (key.slot == web_slot ? VMOAT_ALLOW : VMOAT_FOLLOWED));
    CHECK(rule.sender == (key.slot == web_slot ? db_slot : web_slot));
  }
}

TEST_CASE("only rules that allow applications which are read to their end can be continuous") {
  const auto refused = [](auto change) {
    PolicyTables given = tables(true);
    change(given.rules[0]);
    auto made =
        Policy::compile(given, application_number, std::make_shared<IdentityTable>(), is_read_to_its_end);
    REQUIRE_FALSE(made.ok());
    return made.error().what;
  };
  CHECK(refused([](PolicyRule& r) { r.action = Verdict::deny; }) ==
        "rules[0].continuous: only a rule that allows applications can be");
  CHECK(refused([](PolicyRule& r) { r.applications.clear(); }) ==
        "rules[0].continuous: only a rule that allows applications can be");
  CHECK(refused([](PolicyRule& r) { r.applications = {"http/elasticsearch", "ssh"}; }) ==
        "rules[0].continuous: nothing reads ssh beyond its opening");
}

}  // namespace vmoat::test
