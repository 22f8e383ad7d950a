// What a policy keeps of its predecessor, whom it knows, and what it refuses.
#include "policy/policy.h"

#include <doctest/doctest.h>

#include <functional>
#include <thread>

#include "base/address_text.h"
#include "policy/explain.h"

using namespace vmoat;

namespace {

uint16_t application(std::string_view name) {
  return name == "http" ? 1 : name == "tls" ? 2 : name == "https" ? 3 : 0;
}

/** any, host, external, web, db, office, mirrors. */
PolicyTables example() {
  PolicyTables tables{.generation = 7};
  for (const char* name : {"any", "host", "external", "web", "db", "office", "mirrors"})
    tables.groups.push_back({.name = name});
  tables.groups[3].mode = Mode::protect;
  tables.groups[4].mode = Mode::monitor;
  tables.groups[5].addresses = {"192.0.2.0/24", "2001:db8::/48"};
  tables.groups[6].fqdn = {"*.debian.org"};
  tables.rules.push_back({.number = 11,
                          .id = "web-to-db",
                          .from = 3,
                          .to = 4,
                          .applications = {"http"},
                          .ports = {"tcp/5432"},
                          .action = Verdict::allow});
  tables.rules.push_back(
      {.number = 12, .id = "no-http", .applications = {"tls/https"}, .action = Verdict::deny});
  tables.nics = {{.tap = "vnet0", .groups = {0, 3}}, {.tap = "vnet1", .groups = {0, 4}}};
  tables.unknown = {0};
  tables.ends = {{.segment = 1, .address = "10.0.0.1", .groups = {0, 1}}};
  return tables;
}

using Made = std::shared_ptr<const Policy>;

Made compiled(const PolicyTables& tables,
              std::shared_ptr<IdentityTable> identities = std::make_shared<IdentityTable>()) {
  auto policy = Policy::compile(tables, application, std::move(identities));
  REQUIRE_MESSAGE(policy.ok(), (policy ? std::string() : policy.error().what));
  return *policy;
}

std::string refusal(const std::function<void(PolicyTables&)>& change) {
  PolicyTables tables = example();
  change(tables);
  auto identities = std::make_shared<IdentityTable>();
  auto policy = Policy::compile(tables, application, identities);
  REQUIRE(!policy.ok());
  CHECK(identities->used() == 0);
  return policy.error().what;
}

Address address(std::string_view text) {
  const AddressOfText read = read_address(text);
  return read.size == 4 ? Address::v4(read.bytes.data()) : Address::v6(read.bytes.data());
}

using Groups = std::vector<uint32_t>;

}  // namespace

TEST_CASE("who is who") {
  const Made policy = compiled(example());
  const auto groups = [&](Identity identity) {
    const IdentityGroups* known = policy->groups_of(identity);
    return known ? known->groups : Groups{99};
  };
  const std::string_view debian[] = {"other.example", "ftp.DEBIAN.org"};
  CHECK(policy->generation() == 7);
  CHECK(groups(policy->nic("vnet0")) == Groups{0, 3});
  CHECK(groups(policy->nic("vnet9")) == Groups{0});
  CHECK(groups(policy->end(1, address("10.0.0.1"))) == Groups{0, 1});
  CHECK(groups(policy->end(2, address("10.0.0.1"))) == Groups{0, 2});
  CHECK(groups(policy->end(1, address("192.0.2.9"))) == Groups{0, 2, 5});
  CHECK(groups(policy->end(1, address("192.0.2.9"), debian)) == Groups{0, 2, 5, 6});
  CHECK(groups(policy->end(1, address("2001:db8::9"))) == Groups{0, 2, 5});
  for (const char* everyone : {"224.0.0.251", "255.255.255.255", "ff02::1"})
    CHECK(groups(policy->end(1, address(everyone))) == Groups{0});
  CHECK(groups(0) == Groups{99});
  CHECK(groups(65'536) == Groups{99});
  CHECK(policy->of({4, 3, 0, 3}) == policy->of({0, 3, 4}));
  CHECK(policy->groups_of(policy->of({3, 4}))->mode == Mode::protect);
  CHECK(policy->groups_of(policy->of({3, 4}))->mode_group == 3);
}

TEST_CASE("a set of groups keeps its number while any policy has it, and no other set gets that number") {
  auto identities = std::make_shared<IdentityTable>();
  Made first = compiled(example(), identities);
  const Identity web = first->nic("vnet0"), db = first->nic("vnet1");
  PolicyTables changed = example();
  std::swap(changed.groups[3], changed.groups[6]);  // the same groups by other numbers
  changed.rules.clear();
  changed.nics = {{.tap = "vnet0", .groups = {0, 6}}, {.tap = "vnet5", .groups = {0, 5}}};
  Made second = compiled(changed, identities);
  CHECK(second->nic("vnet0") == web);
  CHECK(second->nic("vnet5") != db);
  CHECK(second->groups_of(db) == nullptr);
  const size_t both = identities->used();
  first.reset();
  CHECK(identities->used() < both);
  second.reset();
  CHECK(identities->used() == 0);
}

TEST_CASE("when all numbers are in use a name adds no groups, and an address still has its own") {
  auto identities = std::make_shared<IdentityTable>();
  const Made policy = compiled(example(), identities);
  const Identity office = policy->end(1, address("192.0.2.9"));
  for (uint32_t i = 0; identities->used() < identities_max; i++)
    REQUIRE(identities->take({1'000'000, i}) != 0);
  const std::string_view debian[] = {"ftp.debian.org"};
  CHECK(policy->end(1, address("192.0.2.9"), debian) == office);
  CHECK(policy->of({1, 2, 3}) == 0);
}

TEST_CASE("identities are given out to several threads at a time") {
  const Made policy = compiled(example());
  std::vector<std::vector<Identity>> seen(4);
  std::vector<std::thread> threads;
  threads.reserve(seen.size());
  for (auto& mine : seen)
    threads.emplace_back([&] {
      for (uint32_t set = 0; set < 128; set++) {
        Groups groups;
        for (uint32_t bit = 0; bit < 7; bit++)
          if (set >> bit & 1) groups.push_back(bit);
        mine.push_back(policy->of(groups));
        CHECK(policy->groups_of(mine.back())->groups == groups);
      }
    });
  for (std::thread& thread : threads) thread.join();
  for (const auto& mine : seen) CHECK(mine == seen[0]);
}

TEST_CASE("what is refused, by field") {
  const auto says = [](const std::function<void(PolicyTables&)>& change, std::string_view beginning) {
    const std::string said = refusal(change);
    CHECK_MESSAGE(said.starts_with(beginning), said);
  };
  using T = PolicyTables;
  says([](T& t) { t.groups.clear(); }, "groups[0].name: must be any");
  says([](T& t) { t.groups[2].name = "outside"; }, "groups[2].name: must be external");
  says([](T& t) { t.groups[4].name = "web"; }, "groups[4].name: there is a group web already");
  says([](T& t) { t.groups[4].name.clear(); }, "groups[4].name: is empty");
  says([](T& t) { t.groups[4].name.assign(256, 'x'); }, "groups[4].name: longer than 255");
  says([](T& t) { t.groups[5].addresses[1] = "10.0.0.0/40"; }, "groups[5].addresses[1]: is none of");
  says([](T& t) { t.groups[6].fqdn[0] = "*"; }, "groups[6].fqdn[0]: is neither");
  says([](T& t) { t.rules[1].number = 11; }, "rules[1].number: another");
  says([](T& t) { t.rules[1].number = 0; }, "rules[1].number: is 0");
  says([](T& t) { t.rules[1].id.clear(); }, "rules[1].id: is empty");
  says([](T& t) { t.rules[1].from = 7; }, "rules[1].from: there is no such");
  says([](T& t) { t.rules[1].to = 7; }, "rules[1].to: there is no such");
  says([](T& t) { t.rules[1].action = Verdict::none; }, "rules[1].action: is neither");
  says([](T& t) { t.rules[0].learned = true; }, "rules[1].learned: no other");
  says([](T& t) { t.rules[0].ports[0] = "tcp/x"; }, "rules[0].ports[0]: is none of");
  says([](T& t) { t.rules[0].ports.assign(65, "tcp/1"); }, "rules[0].ports: more than 64");
  says([](T& t) { t.rules[0].applications.assign(65, "http"); }, "rules[0].applications: more than 64");
  says([](T& t) { t.rules[0].applications[0] = "gopher"; }, "rules[0].applications[0]: names an application");
  says([](T& t) { t.rules[0].applications[0] = "tls/tls/tls/tls"; },
       "rules[0].applications[0]: has more than 3");
  says([](T& t) { t.rules[0].applications[0] = "http/"; }, "rules[0].applications[0]: names an application");
  says([](T& t) { t.nics[1].tap = "vnet0"; }, "nics[1].tap: another");
  says([](T& t) { t.nics[1].groups = {0, 7}; }, "nics[1].groups[1]: there is no such");
  says([](T& t) { t.nics[1].groups.assign(65, 0); }, "nics[1].groups: more than 64");
  says([](T& t) { t.unknown = {7}; }, "unknown[0]: there is no such");
  says([](T& t) { t.ends[0].address = "10.0.0.0/31"; }, "ends[0].address: is no address");
  says([](T& t) { t.ends.push_back(t.ends[0]); }, "ends: an address comes twice");
  says([](T& t) { t.groups.resize(4097); }, "groups: more than 4096");
}

TEST_CASE("the bounds of rules") {
  const auto fill = [](PolicyTables& t, size_t count, size_t ports, size_t applications, bool learned) {
    for (size_t i = 0; i < count; i++)
      t.rules.push_back({.number = static_cast<uint32_t>(100 + t.rules.size()),
                         .id = "x",
                         .applications = std::vector<std::string>(applications, "http"),
                         .ports = std::vector<std::string>(ports, "tcp/1"),
                         .action = Verdict::allow,
                         .learned = learned});
  };
  PolicyTables tables = example();
  fill(tables, 19'998, 1, 0, false);
  fill(tables, 20'000, 1, 0, true);
  (void)compiled(tables);
  CHECK(refusal([&](PolicyTables& t) {
          fill(t, 20'000, 1, 0, false);
        }).starts_with("rules[20000]: ones of operators: more than 20000"));
  CHECK(refusal([&](PolicyTables& t) {
          fill(t, 20'001, 1, 0, true);
        }).starts_with("rules[20002]: learned ones: more than 20000"));
  CHECK(refusal([&](PolicyTables& t) {
          fill(t, 100, 64, 64, false);
        }).starts_with("rules[99].ports: pairs of port and application"));
}

TEST_CASE("explain tells the rules in order, with what became of each") {
  const Made policy = compiled(example());
  Evaluator evaluator(policy);
  Question q{.from = policy->nic("vnet0"), .to = policy->nic("vnet1"), .port = 5432, .proto = 6};
  Evidence evidence = explain(evaluator, q);
  CHECK(evidence.from.groups == Groups{0, 3});
  CHECK(evidence.from.mode == Mode::protect);
  CHECK(evidence.from.mode_group == 3);
  CHECK(evidence.to.mode == Mode::monitor);
  REQUIRE(evidence.rules.size() == 2);
  CHECK(evidence.rules[0].match == Match::maybe);
  CHECK(evidence.rules[1].match == Match::maybe);
  CHECK(evidence.decision.verdict == Verdict::none);

  q.layers[0] = 1, q.confidence = Confidence::sure;
  evidence = explain(evaluator, q);
  REQUIRE(evidence.rules.size() == 1);
  CHECK(evidence.rules[0].match == Match::matched);
  CHECK(evidence.decision.rule == 11);
  CHECK(evidence.decision.verdict == Verdict::allow);

  q.confidence = Confidence::guess, q.application_final = true;
  evidence = explain(evaluator, q);
  REQUIRE(evidence.rules.size() == 2);
  CHECK(evidence.rules[0].match == Match::guess);
  CHECK(evidence.rules[1].match == Match::application);
  CHECK(evidence.decision.decided_by == DecidedBy::mode);
  CHECK(evidence.decision.verdict == Verdict::deny);

  q.port = 80, q.confidence = Confidence::none;
  evidence = explain(evaluator, q);
  CHECK(evidence.rules[0].match == Match::port);
  CHECK(evidence.rules[1].match == Match::unknown);

  q.port = 5432, q.application_by_port = true;
  evidence = explain(evaluator, q);
  REQUIRE(evidence.rules.size() == 1);
  CHECK(evidence.rules[0].match == Match::by_port);
  CHECK(evidence.decision.rule == 11);
  CHECK(evidence.decision.by_port);
  CHECK(evidence.decision.verdict == Verdict::allow);
}

TEST_CASE("neighbour discovery needs no rule, and no rule forbids it") {
  PolicyTables tables = example();
  tables.rules.push_back({.number = 13, .id = "nothing", .action = Verdict::deny});
  const Made policy = compiled(tables);
  Evaluator evaluator(policy);
  Question q{
      .from = policy->nic("vnet0"), .to = policy->nic("vnet1"), .proto = 58, .application_final = true};
  for (const uint16_t type : {132, 133, 134, 135, 136, 137, 138}) {
    q.port = static_cast<uint16_t>(type << 8);
    const Evidence evidence = explain(evaluator, q);
    const bool needs_rule = type == 132 || type == 138;
    CHECK(evidence.decision.verdict == (needs_rule ? Verdict::deny : Verdict::allow));
    CHECK(evidence.decision.decided_by == (needs_rule ? DecidedBy::rule : DecidedBy::none));
    CHECK_FALSE(evidence.decision.violation);
    CHECK(evidence.decision.final);
    CHECK(evidence.rules.empty() != needs_rule);
  }
}

TEST_CASE("an end that the policy does not know matches nothing") {
  const Made policy = compiled(example());
  Evaluator evaluator(policy);
  for (const Identity nobody : {0u, 65'535u, 4'000'000'000u}) {
    const Decision d =
        evaluator.evaluate({.from = nobody, .to = nobody, .proto = 6, .application_final = true});
    CHECK(d == Decision{.verdict = Verdict::allow, .decided_by = DecidedBy::mode, .final = true});
    CHECK(explain(evaluator, {.from = nobody, .to = policy->nic("vnet0")}).rules.empty());
  }
}

TEST_CASE("multicast and broadcast are groups, with those that cover the address") {
  PolicyTables tables = example();
  tables.groups.push_back({.name = "broadcast"});
  tables.groups.push_back({.name = "multicast"});
  tables.groups[5].addresses.emplace_back("224.0.0.0/24");
  tables.ends.push_back({.segment = 1, .address = "10.0.0.255", .groups = {0, 7}});
  const Made policy = compiled(tables);
  const auto groups = [&](uint32_t segment, std::string_view text) {
    return policy->groups_of(policy->end(segment, address(text)))->groups;
  };
  CHECK(groups(1, "255.255.255.255") == Groups{0, 7});
  CHECK(groups(1, "10.0.0.255") == Groups{0, 7});
  CHECK(groups(2, "10.0.0.255") == Groups{0, 2});
  CHECK(groups(1, "239.255.255.250") == Groups{0, 8});
  CHECK(groups(1, "224.0.0.251") == Groups{0, 5, 8});
  CHECK(groups(1, "ff02::fb") == Groups{0, 8});
  CHECK(groups(1, "240.0.0.1") == Groups{0, 2});
}
