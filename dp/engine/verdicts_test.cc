// What the policy says to sessions: when they begin, when their application is known, when the policy is
// another one.
#include "engine/verdicts.h"

#include <doctest/doctest.h>

#include "apps/application.h"
#include "engine/test_pipeline.h"

namespace vmoat::test {

namespace {

constexpr uint16_t web_slot = 3, db_slot = 4;
constexpr uint32_t web = 3, db = 4;

uint16_t application_number(std::string_view name) {
  for (uint16_t i = 0; i < applications().size(); i++)
    if (applications()[i].name == name) return static_cast<uint16_t>(i + 1);
  return 0;
}

PolicyTables tables(Mode of_web, Mode of_db, std::vector<PolicyRule> rules = {}) {
  PolicyTables t{.generation = 1};
  for (const char* name : {"any", "host", "external", "web", "db", "mirrors"})
    t.groups.push_back({.name = name});
  t.groups[web].mode = of_web;
  t.groups[db].mode = of_db;
  t.groups[5].fqdn = {"*.example.org"};
  t.rules = std::move(rules);
  t.nics = {{.tap = "web", .groups = {0, web}}, {.tap = "db", .groups = {0, db}}};
  t.unknown = {0};
  return t;
}

std::shared_ptr<const LivePolicy> live(const PolicyTables& given, int64_t web_adopted_ns = 0) {
  auto made = Policy::compile(given, application_number, std::make_shared<IdentityTable>());
  REQUIRE(made.ok());
  LivePolicy policy{*made, std::vector<Identity>(8, (*made)->nic({}))};
  policy.nics[web_slot] = policy.policy->nic("web");
  policy.nics[db_slot] = policy.policy->nic("db");
  policy.adopted_ns.resize(8);
  policy.adopted_ns[web_slot] = web_adopted_ns;
  return std::make_shared<const LivePolicy>(std::move(policy));
}

PolicyRule rule(uint32_t number, uint32_t from, uint32_t to, Verdict action) {
  return {.number = number, .id = "r", .from = from, .to = to, .action = action};
}

PolicyRule http_rule(uint32_t number, Verdict action) {
  PolicyRule r = rule(number, web, db, action);
  r.applications = {"http"};
  return r;
}

/** The guest behind web's NIC is 10.0.0.1, the one behind db's 10.0.0.2. */
struct PolicyRig : Rig {
  uint8_t number = 0;  // of the last frame that was held

  explicit PolicyRig(const PipelineOptions& options = small_options()) : Rig(options, true) {}

  void sent(bool by_web, const Buffer& segment, uint16_t port = 40000) {
    sent(by_web, 6, segment, by_web ? port : 80, by_web ? 80 : port);
  }
  void sent(bool by_web, uint8_t proto, const Buffer& body, uint16_t near_port, uint16_t far_port) {
    const Buffer bytes =
        ethernet(0x0800, by_web ? ip_between(1, 2, proto, body) : ip_between(2, 1, proto, body));
    vmoat_flow_key k{};
    k.near[10] = k.near[11] = k.far[10] = k.far[11] = 0xff;
    k.near[12] = k.far[12] = 10;
    k.near[15] = by_web ? 1 : 2;
    k.far[15] = by_web ? 2 : 1;
    k.near_port = near_port;
    k.far_port = far_port;
    k.slot = by_web ? web_slot : db_slot;
    k.proto = proto;
    k.family = 4;
    Frame f;
    f.bytes = bytes;
    f.length = static_cast<uint32_t>(bytes.size());
    f.time_ns = ++now_ns;
    f.slot = k.slot;
    f.segment = 1;
    f.key = &k;
    f.reason = VMOAT_NEW;
    pipeline.frame(f);
  }
  void open(uint16_t port = 40000) {
    sent(true, tcp(port, 80, 100, 0, 2), port);
    sent(false, tcp(80, port, 500, 101, 18), port);
    sent(true, tcp(port, 80, 101, 501, 16), port);
  }
  void ask() { sent(true, tcp(40000, 80, 101, 501, 24, text("GET /x HTTP/1.1\r\nHost: a\r\n\r\n"))); }
  void answer() {
    sent(false, tcp(80, 40000, 501, 126, 24, text("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")));
  }
  /** A segment of web's waits at db's NIC; it came from the NIC with this slot. */
  Ruling held(uint16_t sender = web_slot) {
    const Buffer bytes = ethernet(0x0800, ip_between(1, 2, 6, tcp(40000, 80, 101, 501, 16)));
    return pipeline
        .rule({.bytes = bytes,
               .time_ns = ++now_ns,
               .length = static_cast<uint32_t>(bytes.size()),
               .segment = 1,
               .slot = db_slot,
               .sender = sender,
               .number = ++number,
               .way = VMOAT_TO_NIC})
        .ruling;
  }
  FlowRule ruled() {
    REQUIRE_FALSE(notes.ruled.empty());
    return notes.ruled.back().second;
  }
  /** The records of one second. */
  std::vector<Flow> report() {
    notes.flow.clear();
    now_ns += second_ns / 100;
    pipeline.report(now_ns);
    return notes.flow;
  }
  Flow only() {
    const std::vector<Flow> flows = report();
    REQUIRE(flows.size() == 1);
    return flows[0];
  }
};

bool is_violation(const Flow& flow) {
  return (flow.flags & flow_violation) != 0;
}

}  // namespace

TEST_CASE("without a policy nothing has a verdict") {
  PolicyRig rig;
  rig.open();
  const Flow flow = rig.only();
  CHECK(flow.verdict == Verdict::none);
  CHECK(flow.decided_by == DecidedBy::none);
}

TEST_CASE("a flow is decided once its application is known") {
  PolicyRig rig;
  rig.pipeline.policy(live(tables(Mode::protect, Mode::protect, {http_rule(9, Verdict::allow)})));
  rig.open();
  CHECK(rig.only().verdict == Verdict::none);
  rig.ask();
  rig.answer();
  const Flow flow = rig.only();
  CHECK(flow.app == "http");
  CHECK(flow.verdict == Verdict::allow);
  CHECK(flow.decided_by == DecidedBy::rule);
  CHECK(flow.rule == 9);
  CHECK(!is_violation(flow));
}

TEST_CASE("who is at the other end is known once it has spoken") {
  PolicyRig rig;
  rig.pipeline.policy(live(tables(Mode::learn, Mode::monitor)));
  rig.sent(true, tcp(40000, 80, 100, 0, 2));
  CHECK(!is_violation(rig.only()));
  rig.sent(false, tcp(80, 40000, 500, 101, 18));
  const Flow flow = rig.only();
  CHECK(flow.verdict == Verdict::allow);
  CHECK(flow.decided_by == DecidedBy::mode);
  CHECK(is_violation(flow));
}

TEST_CASE("a NIC that never answers is judged by its address") {
  PolicyRig rig;
  PolicyTables given = tables(Mode::learn, Mode::monitor, {rule(7, web, db, Verdict::allow)});
  given.ends = {{.segment = 1, .address = "10.0.0.2", .groups = {0, db}}};
  rig.pipeline.policy(live(given));
  rig.sent(true, tcp(40000, 80, 100, 0, 2));
  CHECK(rig.only().rule == 7);
  given.rules.clear();
  rig.pipeline.policy(live(given));
  const Flow flow = rig.only();
  CHECK(flow.decided_by == DecidedBy::mode);
  CHECK(is_violation(flow));
}

TEST_CASE("another policy judges running flows anew, and tells of those whose verdict it changes") {
  PolicyRig rig;
  rig.pipeline.policy(live(tables(Mode::protect, Mode::learn, {rule(1, web, db, Verdict::allow)})));
  rig.open();
  CHECK(rig.only().rule == 1);
  CHECK(rig.report().empty());
  rig.pipeline.policy(live(tables(Mode::protect, Mode::learn, {rule(2, web, db, Verdict::deny)})));
  Flow flow = rig.only();
  CHECK(flow.verdict == Verdict::deny);
  CHECK(flow.rule == 2);
  rig.pipeline.policy(live(tables(Mode::protect, Mode::learn, {rule(2, web, db, Verdict::deny)})));
  CHECK(rig.report().empty());
  rig.pipeline.policy(nullptr);
  flow = rig.only();
  CHECK(flow.verdict == Verdict::none);
  CHECK(flow.rule == 0);
  rig.pipeline.policy(live(tables(Mode::protect, Mode::learn, {rule(2, web, db, Verdict::deny)})));
  CHECK(rig.only().rule == 2);
}

TEST_CASE("an ICMP error goes with the flow that it quotes, one about nothing is judged by itself") {
  PolicyRig rig;
  rig.pipeline.policy(live(tables(Mode::monitor, Mode::monitor)));
  const Buffer segment = tcp(40000, 80, 100, 0, 2);
  rig.sent(true, segment);
  rig.report();
  rig.sent(false, 1, hex("0303 0000 00000000") + ip_between(1, 2, 6, segment), 0, 0x0303);
  const Flow about = rig.only();
  CHECK(about.parent != 0);
  CHECK(about.verdict == Verdict::none);
  CHECK_FALSE(is_violation(about));
  rig.sent(false, 1, hex("0301 0000 00000000") + ip_between(1, 9, 17, udp(1, 2, {})), 0, 0x0301);
  const Flow forged = rig.only();
  CHECK(forged.parent == 0);
  CHECK(is_violation(forged));
}

TEST_CASE("what never was known is decided at the end") {
  PolicyRig rig;
  rig.pipeline.policy(live(tables(Mode::monitor, Mode::learn, {http_rule(9, Verdict::allow)})));
  rig.open();
  Flow flow = rig.only();
  CHECK(flow.verdict == Verdict::allow);
  CHECK(flow.decided_by == DecidedBy::none);
  CHECK(!is_violation(flow));
  rig.notes.flow.clear();
  rig.pipeline.finish();
  REQUIRE(rig.notes.flow.size() == 1);
  flow = rig.notes.flow[0];
  CHECK(flow.decided_by == DecidedBy::mode);
  CHECK(is_violation(flow));
}

namespace {

/** What a flow of web's without SYN gets, its NIC having been tapped at that time. */
Flow older_than_tap(int64_t age_ns, uint8_t flags = 24, const PolicyRule& r = http_rule(9, Verdict::allow)) {
  PolicyRig rig;
  rig.pipeline.policy(live(tables(Mode::protect, Mode::protect, {r}), age_ns < 0 ? 0 : rig.now_ns - age_ns));
  rig.sent(true, tcp(40000, 80, 100, 500, flags, text("amid something")));
  rig.sent(false, tcp(80, 40000, 500, 114, 16));
  rig.report();
  rig.notes.flow.clear();
  rig.pipeline.finish();
  REQUIRE(rig.notes.flow.size() == 1);
  return rig.notes.flow[0];
}

}  // namespace

TEST_CASE("a flow that is older than its tap goes by the ports of a rule, marked as a guess") {
  const Flow flow = older_than_tap(59 * ns_per_s);
  CHECK(flow.verdict == Verdict::allow);
  CHECK(flow.rule == 9);
  CHECK(flow.app.empty());
  CHECK(flow.confidence == Confidence::guess);
}

TEST_CASE("a flow without SYN that comes later is not older than its tap") {
  for (const int64_t age_ns : {61 * ns_per_s, int64_t{-1}}) {  // the last: taken over from an earlier run
    const Flow flow = older_than_tap(age_ns);
    CHECK(flow.verdict == Verdict::deny);
    CHECK(flow.decided_by == DecidedBy::mode);
    CHECK(flow.confidence == Confidence::none);
  }
}

TEST_CASE("what began with a SYN goes by its application, also at a new tap") {
  CHECK(older_than_tap(0, 2).verdict == Verdict::deny);
}

TEST_CASE("older than its tap: other ports, and rules that deny by an application, are no match") {
  PolicyRule other = http_rule(9, Verdict::allow);
  other.ports = {"tcp/81"};
  CHECK(older_than_tap(0, 24, other).verdict == Verdict::deny);
  CHECK(older_than_tap(0, 24, http_rule(9, Verdict::deny)).rule == 0);
}

TEST_CASE("a name that DNS taught puts an address into its groups") {
  LearnedNames names(SipHash(1, 2), 64, 64);
  PipelineOptions options = small_options();
  options.names = std::shared_ptr<LearnedNames>(&names, [](LearnedNames*) {});
  PolicyRig rig(options);
  const uint8_t server[] = {10, 0, 0, 2};
  names.learn({.name = "ftp.example.org",
               .address = Address::v4(server),
               .server = Address::v4(server),
               .segment = 1,
               .ttl_s = 600,
               .slot = web_slot},
              start_ns);
  rig.pipeline.policy(live(tables(Mode::protect, Mode::learn, {rule(5, web, 5, Verdict::allow)})));
  rig.sent(true, tcp(40000, 80, 100, 0, 2));
  const Flow flow = rig.only();
  CHECK(flow.verdict == Verdict::allow);
  CHECK(flow.rule == 5);
}

TEST_CASE("many sessions are judged anew in slices, each of them once") {
  constexpr uint32_t sessions = 3 * Pipeline::judged_an_advance;
  PipelineOptions options = small_options();
  options.sessions_max = sessions + 64;
  PolicyRig rig(options);
  rig.pipeline.policy(live(tables(Mode::protect, Mode::learn, {rule(1, web, 0, Verdict::allow)})));
  for (uint32_t i = 0; i < sessions; i++) {
    const auto port = static_cast<uint16_t>(20'000 + i);
    rig.sent(true, tcp(port, 80, 100, 0, 2), port);
  }
  CHECK(rig.report().size() == sessions);
  rig.pipeline.policy(live(tables(Mode::protect, Mode::learn, {rule(2, web, 0, Verdict::deny)})));
  size_t told = 0;
  for (int second = 0; second < 4; second++) {
    const std::vector<Flow> flows = rig.report();
    CHECK(flows.size() <= Pipeline::judged_an_advance);
    for (const Flow& flow : flows) CHECK(flow.rule == 2);
    told += flows.size();
  }
  CHECK(told == sessions);
}

TEST_CASE("a held frame is ruled on for the NIC that it came from, and for no other one") {
  PolicyRig rig;
  rig.pipeline.policy(live(tables(Mode::learn, Mode::protect, {rule(1, web, db, Verdict::allow)})));
  rig.open();
  CHECK(rig.held() == Ruling::pass);
  CHECK(rig.ruled().verdict[VMOAT_TO_NIC] == VMOAT_ALLOW);
  CHECK(rig.ruled().sender == web_slot);
  CHECK(rig.ruled().returned[VMOAT_TO_NIC] == 1);
  rig.notes.ruled.clear();
  CHECK(rig.held(web_slot + 4) == Ruling::drop);
  CHECK(rig.notes.ruled.empty());
  CHECK(rig.held() == Ruling::pass);
  CHECK(rig.ruled().returned[VMOAT_TO_NIC] == 3);  // the one that was dropped was held, too
}

TEST_CASE(
    "a verdict waits for the last frame that was held, each way for itself, and for none that is lost") {
  PolicyRig rig;
  rig.pipeline.policy(live(tables(Mode::learn, Mode::protect, {rule(1, web, db, Verdict::allow)})));
  rig.open();
  REQUIRE(rig.held() == Ruling::pass);
  CHECK(rig.ruled().returned[VMOAT_TO_NIC] == 1);
  CHECK(rig.ruled().returned[VMOAT_FROM_NIC] == 0);
  CHECK(rig.ruled().after == VMOAT_TO_NIC);  // not before it has gone on
  rig.number += 5;
  REQUIRE(rig.held() == Ruling::pass);
  CHECK(rig.ruled().returned[VMOAT_TO_NIC] == 7);
}

TEST_CASE("what goes to a fail-safe port passes, but not where the client's own group denies it") {
  PolicyTables given = tables(Mode::learn, Mode::protect);
  given.groups[db].protection.fail_safe_ports = {"tcp/80"};
  PolicyRig rig;
  rig.pipeline.policy(live(given));
  rig.open();
  const Flow passes = rig.only();
  CHECK(passes.verdict == Verdict::allow);
  CHECK(passes.decided_by == DecidedBy::fail_policy);
  given.generation++;
  given.groups[web].mode = Mode::protect;
  rig.pipeline.policy(live(given));
  rig.now_ns += second_ns;
  rig.pipeline.advance(rig.now_ns);
  CHECK(rig.only().verdict == Verdict::deny);
}
}  // namespace vmoat::test
