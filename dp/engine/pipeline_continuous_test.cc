// Rules that are continuous: what a client goes on to say decides, and nothing of the flow is left to the
// kernel.
#include "engine/http_rig.h"

namespace vmoat::test {
TEST_CASE("under a continuous rule a flow is followed, and cut once its client says something else") {
  HttpRig rig(http_tables(true));
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

TEST_CASE("what a client says is read once and in order, whatever comes twice or too early") {
  HttpRig rig(http_tables(true));
  rig.open();
  const Buffer first = tcp(client_port, 80, 101, 501, 24, text(get));
  CHECK(rig.says(get) == Ruling::pass);
  CHECK(rig.held(first) == Ruling::pass);  // once more
  const Buffer late = tcp(client_port, 80, rig.next, 501, 24, text(get));
  const uint32_t after = rig.next + static_cast<uint32_t>(get.size());
  const Buffer other = tcp(client_port, 80, after, 501, 24, text("xx\r\n"));
  const HeldRuling early = rig.rule(other);
  CHECK(early.ruling == Ruling::wait);
  const HeldRuling earlier = rig.rule(tcp(client_port, 80, after + 4, 501, 24, text("x")));
  const HeldRuling before = rig.rule(late);
  CHECK(before.ruling == Ruling::pass);
  CHECK(is_due(early.ticket, before.ticket));
  CHECK_FALSE(is_due(earlier.ticket, before.ticket));
  CHECK(rig.held(other) == Ruling::reset);
}

TEST_CASE("content of a known length is told, is no frame's that says more, and ends where it was said to") {
  constexpr uint32_t content_bytes = 1 << 20;
  const std::string put =
      "PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(content_bytes) + "\r\n\r\n";
  HttpRig rig(http_tables(true));
  const auto at = [&](uint32_t seq, const std::string& said) {
    return rig.held(tcp(client_port, 80, seq, 501, 24, text(said)));
  };
  rig.open();
  REQUIRE(rig.says(put) == Ruling::pass);
  const vmoat_content content = rig.ruled().content;
  CHECK(vmoat_content_bytes(content) == content_bytes);
  CHECK(vmoat_content_head(content) == VMOAT_NO_HEAD);  // what comes behind is a request's
  REQUIRE(content.until == rig.next + content_bytes);
  CHECK(at(content.until, get) == Ruling::pass);  // what comes before may be on its way still
  CHECK(at(content.until - 500, std::string(500, 'x')) == Ruling::pass);
  rig.next = content.until + static_cast<uint32_t>(get.size());
  for (int i = 0; i < 64; i++) REQUIRE(rig.says(get) == Ruling::pass);
  CHECK(rig.ruled().content.ends == 0);  // told no longer: numbers come again
  CHECK(rig.says("SSH-2.0-smuggled\r\n") == Ruling::reset);
  HttpRig behind(http_tables(true));
  behind.open();
  REQUIRE(behind.says(put) == Ruling::pass);
  const uint32_t end = behind.ruled().content.until;
  CHECK(behind.held(tcp(client_port, 80, end - 4, 501, 24, text("bodySSH-2.0-smuggled\r\n"))) ==
        Ruling::reset);
}

TEST_CASE("what a client says again is what it said before, as far as that was read") {
  constexpr uint32_t begin = 101;
  const std::string chunked = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n";
  const auto again = [&](const std::string& said, uint32_t from = begin) {
    HttpRig rig(http_tables(true));
    rig.open();
    REQUIRE(rig.says(chunked) == Ruling::pass);
    REQUIRE(rig.says("4\r\nmore\r\n") == Ruling::pass);
    const Ruling ruling = rig.held(tcp(client_port, 80, from, 501, 24, text(said)));
    if (ruling == Ruling::reset) CHECK((rig.only().anomalies & bit(Anomaly::tcp_overlap_differs)) != 0);
    return ruling;
  };
  CHECK(again(chunked) == Ruling::pass);
  CHECK(again(chunked + "4\r\nmore\r\n4\r\nnews\r\n") == Ruling::pass);
  std::string other = chunked;
  other.replace(other.find("body"), 4, "BODY");  // nobody reads that
  CHECK(again(other) == Ruling::pass);
  for (size_t at = 0; at < chunked.size(); at++) {
    const bool is_body = chunked.find("body") <= at && at < chunked.find("body") + 4;
    other = chunked;
    other[at] ^= 1;
    CHECK(again(other) == (is_body ? Ruling::pass : Ruling::reset));
    CHECK(again(other.substr(at), begin + static_cast<uint32_t>(at)) ==
          (is_body ? Ruling::pass : Ruling::reset));
  }
  const uint32_t last = begin + static_cast<uint32_t>(chunked.size()) + 8;
  CHECK(again("\n", last) == Ruling::pass);
  CHECK(again(std::string(1, 0), last) == Ruling::refuse);  // a keep-alive of old
  CHECK(again("x\n", last - 1) == Ruling::reset);
}

namespace {

/** A client whose chunks the kernel lets pass by itself, and tells. */
struct ChunkRig : HttpRig {
  ChunkRig() : HttpRig(http_tables(true)) {
    open();
    REQUIRE(says("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody") == Ruling::pass);
    REQUIRE(vmoat_content_head(ruled().content) == VMOAT_CHUNK_HEAD);
    begin = next;
  }
  Ticket tells(std::initializer_list<std::pair<uint32_t, std::string>> heads) {
    vmoat_heads told = {};
    for (const auto& [at, said] : heads) {
      vmoat_head& head = told.head[told.count++];
      head.seq = begin + at;
      head.size = static_cast<uint8_t>(said.size());
      std::ranges::copy(said, head.bytes);
    }
    return pipeline.read(notes.ruled.back().first, 1, told);
  }
  HeldRuling at(uint32_t offset, const std::string& said) {
    return rule(tcp(client_port, 80, begin + offset, 501, 24, text(said)));
  }

  uint32_t begin = 0;
};

const std::string chunk = "\r\n4\r\nmore", last = "\r\n0\r\n\r\n";

}  // namespace

TEST_CASE("what the kernel has read of a followed flow is as if the engine had read it") {
  ChunkRig rig;
  rig.tells({{0, "\r\n4\r\n"}, {9, "\r\n"}});  // the frame ended there
  rig.tells({{11, "4\r\n"}});
  CHECK(rig.at(0, chunk).ruling == Ruling::pass);  // once more
  CHECK(rig.at(9, chunk).ruling == Ruling::pass);
  CHECK(rig.at(18, last + get).ruling == Ruling::pass);
  rig.pipeline.caught_up();
  CHECK(rig.ruled().content.ends == 0);
  CHECK(rig.at(18 + static_cast<uint32_t>((last + get).size()), "smuggled\r\n\r\n").ruling == Ruling::reset);
}

TEST_CASE("what is said again has to be what the kernel has read, and the kernel has to read what was said") {
  for (const char* other : {"\r\n5\r\nm", "\r\n4\n\nmo", "\n\n4\r\nmo", "\r\n0\r\n\r\n"}) {
    CAPTURE(other);
    ChunkRig rig;
    rig.tells({{0, "\r\n4\r\n"}});
    CHECK(rig.at(0, other).ruling == Ruling::reset);
    CHECK((rig.only().anomalies & bit(Anomaly::tcp_overlap_differs)) != 0);
  }
  ChunkRig rig;
  REQUIRE(rig.at(0, chunk).ruling == Ruling::pass);
  rig.notes.ruled.resize(1);
  rig.tells({{0, "\r\n9\r\n"}});
  CHECK(rig.notes.ruled.size() > 1);  // the verdict is void, and the next frame is held
  CHECK(rig.ruled().verdict[VMOAT_TO_NIC] == VMOAT_UNDECIDED);
  CHECK(rig.at(9, chunk).ruling == Ruling::reset);
}

TEST_CASE(
    "what waits to be told of a followed flow is told of none that is denied since, nor under another "
    "policy") {
  ChunkRig rig;
  REQUIRE(rig.at(0, chunk).ruling == Ruling::pass);
  const size_t before = rig.notes.ruled.size();
  rig.pipeline.caught_up();
  CHECK(rig.notes.ruled.size() == before + 1);
  CHECK(rig.ruled().verdict[VMOAT_TO_NIC] == VMOAT_FOLLOW);
  CHECK(vmoat_content_head(rig.ruled().content) == VMOAT_CHUNK_HEAD);
  rig.pipeline.caught_up();
  CHECK(rig.notes.ruled.size() == before + 1);
  REQUIRE(rig.at(9, chunk).ruling == Ruling::pass);
  CHECK(rig.at(18, "smuggled\r\n").ruling == Ruling::reset);
  rig.pipeline.caught_up();
  CHECK(rig.ruled().verdict[VMOAT_TO_NIC] == VMOAT_DENY);
  ChunkRig other;
  REQUIRE(other.at(0, chunk).ruling == Ruling::pass);
  PolicyTables none = http_tables(true);
  none.rules.clear();
  other.policy(none);
  const size_t told = other.notes.ruled.size();
  other.pipeline.caught_up();
  CHECK(other.notes.ruled.size() == told);
  REQUIRE(other.at(9, chunk).ruling == Ruling::reset);
  other.pipeline.caught_up();
  CHECK(other.ruled().verdict[VMOAT_TO_NIC] == VMOAT_DENY);
}

TEST_CASE("what waited for a frame that the kernel let pass is ruled on as soon as that is told") {
  ChunkRig rig;
  const HeldRuling early = rig.at(9, last);
  CHECK(early.ruling == Ruling::wait);
  CHECK(is_due(early.ticket, rig.tells({{0, "\r\n4\r\n"}})));
  CHECK(rig.at(9, last).ruling == Ruling::pass);
}

TEST_CASE("what came early goes on, also where content passed in between of which nobody is told") {
  constexpr uint32_t content_bytes = 0x400, head_bytes = 7;
  ChunkRig rig;
  std::vector<Ticket> early;
  for (uint32_t offset = content_bytes; offset >= 20; offset -= 20) {
    const HeldRuling is = rig.at(offset, "content");
    REQUIRE(is.ruling == Ruling::wait);
    early.push_back(is.ticket);
  }
  const Ticket behind = rig.at(head_bytes + content_bytes + 1, "\n4\r\n").ticket;
  const Ticket now = rig.tells({{0, "\r\n400\r\n"}});  // and what is between them passes untold
  for (const Ticket& ticket : early) CHECK(is_due(ticket, now));
  CHECK_FALSE(is_due(behind, now));
}

TEST_CASE("what came early waits no longer where nobody reads on any more") {
  HttpRig rig(http_tables(true));
  rig.open();
  REQUIRE(rig.says(get) == Ruling::pass);
  const Buffer early = tcp(client_port, 80, rig.next + 100, 501, 24, text("x"));
  const HeldRuling waits = rig.rule(early);
  REQUIRE(waits.ruling == Ruling::wait);
  rig.policy(http_tables(false));
  const HeldRuling now = rig.rule(tcp(client_port, 80, rig.next, 501, 24, text(get)));
  CHECK(now.ruling == Ruling::pass);
  CHECK(is_due(waits.ticket, now.ticket));
  CHECK(rig.held(early) == Ruling::pass);
}

TEST_CASE("what passed while nobody was there to read it is not waited for; what a client leaves out is") {
  for (const bool passed : {false, true}) {
    CAPTURE(passed);
    HttpRig rig(http_tables(true));
    rig.notes.unread = rig.now_ns;  // of another connection between the same ports, before this one
    rig.open();
    REQUIRE(rig.says(get) == Ruling::pass);
    const Buffer early = tcp(client_port, 80, rig.next + 100, 501, 24, text("x"));
    const HeldRuling waits = rig.rule(early);
    REQUIRE(waits.ruling == Ruling::wait);
    if (passed) rig.notes.unread = rig.now_ns;
    const HeldRuling now = rig.rule(tcp(client_port, 80, rig.next + 50, 501, 24, text("y")));
    CHECK(now.ruling == (passed ? Ruling::pass : Ruling::wait));
    CHECK(is_due(waits.ticket, now.ticket) == passed);
    CHECK(rig.held(early) == now.ruling);
    if (passed) CHECK(rig.ruled().verdict[VMOAT_TO_NIC] == VMOAT_ALLOW);
  }
}

TEST_CASE("heads of a flow that nobody reads, or of none, are nobody's") {
  HttpRig rig(http_tables(false));
  vmoat_heads told = {.count = 1000};
  CHECK(rig.pipeline.read({}, 1, told) == Ticket{});
  rig.open();
  REQUIRE(rig.says(get) == Ruling::pass);
  CHECK(rig.pipeline.read(rig.notes.ruled.back().first, 1, told) == Ticket{});
  CHECK(rig.says(get) == Ruling::pass);
}

TEST_CASE("what a client said so long ago that nobody can compare it does not pass again") {
  HttpRig rig(http_tables(true));
  rig.open();
  const std::string line = "GET /" + std::string(900, 'x') + " HTTP/1.1\r\n\r\n";
  for (int i = 0; i < 100; i++) REQUIRE(rig.says(line) == Ruling::pass);
  CHECK(rig.held(tcp(client_port, 80, 101, 501, 24, text(line))) == Ruling::refuse);
  CHECK(rig.held(tcp(client_port, 80, rig.next - 30, 501, 24, text(line.substr(line.size() - 30)))) ==
        Ruling::pass);
  CHECK(rig.says(line) == Ruling::pass);
}

TEST_CASE(
    "a flow whose beginning nobody saw is allowed by no continuous rule, one that ran before it was is") {
  HttpRig unseen(http_tables(true));
  CHECK(unseen.says(get) != Ruling::pass);
  HttpRig older(http_tables(false));
  older.open();
  CHECK(older.says(get) == Ruling::pass);
  CHECK(older.answers(older.next) == Ruling::pass);
  older.now_ns += second_ns;
  older.pipeline.advance(older.now_ns);
  older.policy(http_tables(true));
  CHECK(older.says(get) == Ruling::pass);
  CHECK(older.ruled().verdict[VMOAT_TO_NIC] == VMOAT_ALLOW);
}

TEST_CASE("where both ends are guarded each frame is held where it comes from, once it is known there") {
  HttpRig rig(http_tables(true, Mode::protect));
  rig.open();
  const Buffer first = tcp(client_port, 80, 101, 501, 24, text(get));
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
    PolicyTables given = http_tables(true);
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
