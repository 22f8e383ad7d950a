// The naive evaluator, and the two held against each other on a million random cases.
#include "policy/naive.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "policy/explain.h"

namespace vmoat::naive {
namespace {

constexpr uint8_t protos[] = {1, 6, 17, 47, 58, 132};

bool in(const Groups& groups, uint32_t group) {
  return std::find(groups.begin(), groups.end(), group) != groups.end();
}

bool port_matches(const Rule& rule, uint8_t proto, uint16_t port) {
  if (rule.ports.empty()) return true;
  for (const Ports& p : rule.ports)
    if (!p.proto || (*p.proto == proto && p.first <= port && port <= p.last)) return true;
  return false;
}

bool is_named(const Rule& rule, const Question& q) {
  for (const std::vector<uint16_t>& layers : rule.applications) {
    bool same = true;
    for (size_t i = 0; i < layers.size(); i++) same = same && layers[i] == q.layers[i];
    if (same) return true;
  }
  return false;
}

enum class Says : uint8_t { no, maybe, yes };

Says says(const Rule& rule, const Question& q) {
  if (rule.applications.empty()) return Says::yes;
  switch (q.confidence) {
    case Confidence::sure:
      return is_named(rule, q) ? Says::yes : Says::no;
    case Confidence::guess:
      if (rule.deny && is_named(rule, q)) return Says::yes;
      return q.application_final ? Says::no : Says::maybe;
    case Confidence::none:
      return q.application_final ? Says::no : Says::maybe;
  }
  return Says::no;
}

Mode mode_of(const World& world, const Groups& groups) {
  Mode strictest = Mode::none;
  for (const uint32_t group : groups) strictest = std::max(strictest, world.modes[group]);
  return strictest;
}

bool allowed_by_rule(const Decision& d) {
  return d.final && d.decided_by == DecidedBy::rule && d.verdict == Verdict::allow && !d.violation;
}

Decision one_way(const World& world, const Groups& from, const Groups& to, const Question& q, uint16_t port) {
  Decision d{.from_mode = mode_of(world, from), .to_mode = mode_of(world, to), .final = true};
  const bool protects = d.from_mode == Mode::protect || d.to_mode == Mode::protect;
  const bool monitors = d.from_mode == Mode::monitor || d.to_mode == Mode::monitor;
  const auto verdict_of = [&](const Rule& rule) {
    return rule.deny && protects ? Verdict::deny : Verdict::allow;
  };
  if (q.proto == 58 && port >= 133 * 256 && port < 138 * 256) {  // neighbour discovery needs no rule
    d.verdict = Verdict::allow;
    return d;
  }
  std::vector<Verdict> maybes;
  for (const Rule& rule : world.rules) {
    if (!in(from, rule.from) || !in(to, rule.to) || !port_matches(rule, q.proto, port)) continue;
    const Says answer = says(rule, q);
    if (answer == Says::maybe) maybes.push_back(verdict_of(rule));
    if (answer != Says::yes) continue;
    d.verdict = verdict_of(rule);
    d.violation = rule.deny && !protects;
    d.decided_by = DecidedBy::rule;
    d.rule = rule.number;
    break;
  }
  if (d.decided_by == DecidedBy::none) {
    d.verdict = protects ? Verdict::deny : Verdict::allow;
    d.violation = protects || monitors;
    d.decided_by = DecidedBy::mode;
  }
  if (maybes.empty()) return d;
  const bool agreed = std::all_of(maybes.begin(), maybes.end(), [&](Verdict v) { return v == d.verdict; });
  return {.verdict = agreed ? d.verdict : Verdict::none, .from_mode = d.from_mode, .to_mode = d.to_mode};
}

}  // namespace

Decision evaluate(const World& world, const Groups& from, const Groups& to, const Question& q) {
  const Decision forth = one_way(world, from, to, q, q.port);
  if (!q.direction_inferred || allowed_by_rule(forth)) return forth;
  Decision back = one_way(world, to, from, q, q.client_port);
  back.reversed = true;
  if (allowed_by_rule(back)) return back;
  return forth.final && !back.final ? back : forth;
}

uint16_t application_number(std::string_view name) {
  return name.size() == 1 && name[0] >= 'a' && name[0] <= 'i' ? static_cast<uint16_t>(name[0] - 'a' + 1) : 0;
}

namespace {

std::string text_of(const Ports& p) {
  if (!p.proto) return "any";
  const bool all = p.first == 0 && p.last == 65535;
  const auto type = std::to_string(p.first >> 8), code = std::to_string(p.first & 255);
  std::string name = *p.proto == 1     ? "icmp"
                     : *p.proto == 6   ? "tcp"
                     : *p.proto == 17  ? "udp"
                     : *p.proto == 58  ? "icmpv6"
                     : *p.proto == 132 ? "sctp"
                                       : "proto/" + std::to_string(*p.proto);
  if (all) return name;
  if (*p.proto == 1 || *p.proto == 58)
    return name + "/" + type + (p.first == p.last ? "/" + code : std::string());
  if (p.first == p.last) return name + "/" + std::to_string(p.first);
  return name + "/" + std::to_string(p.first) + "-" + std::to_string(p.last);
}

std::string text_of(const std::vector<uint16_t>& layers) {
  std::string text;
  for (const uint16_t layer : layers)
    text += (text.empty() ? "" : "/") + std::string(1, static_cast<char>('a' + layer - 1));
  return text;
}

Ports random_ports(Random& random) {
  if (below(random, 8) == 0) return {};
  Ports p{.proto = protos[below(random, std::size(protos))]};
  if (*p.proto == 47 || below(random, 5) == 0) return p;
  p.first = static_cast<uint16_t>(below(random, 24));
  if (*p.proto == 1 || *p.proto == 58) {
    p.first = static_cast<uint16_t>(below(random, 3) << 8 | below(random, 2));
    if (below(random, 2) == 0)
      p.first &= 0xff00, p.last = p.first | 255;
    else
      p.last = p.first;
  } else {
    p.last = static_cast<uint16_t>(p.first + (below(random, 2) == 0 ? 0 : below(random, 12)));
    if (below(random, 20) == 0) p.last = 65535, p.first++;
  }
  return p;
}

std::vector<uint16_t> random_layers(Random& random) {
  std::vector<uint16_t> layers(1 + below(random, 3));
  for (uint16_t& layer : layers) layer = static_cast<uint16_t>(1 + below(random, 3));
  return layers;
}

}  // namespace

PolicyTables tables_of(const World& world) {
  PolicyTables tables{.generation = 1};
  for (size_t i = 0; i < world.modes.size(); i++)
    tables.groups.push_back({.name = i == 0   ? "any"
                                     : i == 1 ? "host"
                                     : i == 2 ? "external"
                                              : "g" + std::to_string(i),
                             .mode = world.modes[i]});
  for (const Rule& rule : world.rules) {
    PolicyRule sent{
        .number = rule.number, .id = "r" + std::to_string(rule.number), .from = rule.from, .to = rule.to};
    sent.action = rule.deny ? Verdict::deny : Verdict::allow;
    for (const Ports& p : rule.ports) sent.ports.push_back(text_of(p));
    for (const auto& layers : rule.applications) sent.applications.push_back(text_of(layers));
    tables.rules.push_back(std::move(sent));
  }
  return tables;
}

World random_world(Random& random) {
  const uint32_t groups = 3 + below(random, 6);
  return random_world(random, groups, below(random, 41));
}

World random_world(Random& random, uint32_t groups, uint32_t rules) {
  World world;
  world.modes.resize(groups);
  for (size_t i = 1; i < world.modes.size(); i++) world.modes[i] = static_cast<Mode>(below(random, 4));
  for (uint32_t i = 0; i < rules; i++) {
    Rule rule{.number = 1000 + i,
              .from = below(random, groups),
              .to = below(random, groups),
              .deny = below(random, 3) == 0};
    for (uint32_t j = below(random, 4); j > 0; j--) rule.ports.push_back(random_ports(random));
    for (uint32_t j = below(random, 2) * below(random, 4); j > 0; j--)
      rule.applications.push_back(random_layers(random));
    world.rules.push_back(std::move(rule));
  }
  return world;
}

Groups random_groups(const World& world, Random& random) {
  Groups groups;
  for (uint32_t group = 0; group < world.modes.size(); group++)
    if (below(random, 2) == 0) groups.push_back(group);
  return groups;
}

Question random_question(Random& random) {
  Question q;
  q.proto = protos[below(random, std::size(protos))];
  const auto port = [&] {
    if (q.proto == 1 || q.proto == 58) return static_cast<uint16_t>(below(random, 3) << 8 | below(random, 3));
    return static_cast<uint16_t>(below(random, 10) == 0 ? below(random, 65536) : below(random, 40));
  };
  q.port = port();
  q.client_port = port();
  q.confidence = static_cast<Confidence>(below(random, 3));
  if (q.confidence != Confidence::none) {
    const std::vector<uint16_t> layers = random_layers(random);
    std::copy(layers.begin(), layers.end(), q.layers);
  }
  q.application_final = below(random, 2) == 0;
  q.direction_inferred = below(random, 3) == 0;
  return q;
}

}  // namespace vmoat::naive

namespace {

using namespace vmoat;

/** What explain tells must be what the evaluator did. */
void check_evidence(const Evidence& evidence) {
  const bool by_rule = evidence.decision.decided_by == DecidedBy::rule;
  const bool matched = !evidence.rules.empty() && evidence.rules.back().match == Match::matched;
  if (by_rule) {
    REQUIRE(matched);
    REQUIRE(evidence.rules.back().number == evidence.decision.rule);
  }
  if (evidence.decision.decided_by == DecidedBy::mode) REQUIRE(!matched);
  const bool open = std::any_of(evidence.rules.begin(), evidence.rules.end(),
                                [](const RuleEvidence& r) { return r.match == Match::maybe; });
  REQUIRE(open == !evidence.decision.final);
}

/** One question to both. */
void check_one(const naive::World& world, Evaluator& evaluator, const naive::Groups& from,
               const naive::Groups& to, naive::Random& random, bool explained) {
  Question q = naive::random_question(random);
  q.from = evaluator.policy().of(from), q.to = evaluator.policy().of(to);
  const Decision wanted = naive::evaluate(world, from, to, q), got = evaluator.evaluate(q);
  CAPTURE(int(wanted.verdict));
  CAPTURE(int(got.verdict));
  CAPTURE(wanted.rule);
  CAPTURE(got.rule);
  REQUIRE(got == wanted);
  if (explained) check_evidence(explain(evaluator, q));
}

Evaluator evaluator_of(const naive::World& world) {
  auto policy =
      Policy::compile(naive::tables_of(world), naive::application_number, std::make_shared<IdentityTable>());
  REQUIRE_MESSAGE(policy.ok(), (policy ? std::string() : policy.error().what));
  return Evaluator(*policy);
}

}  // namespace

TEST_CASE("the evaluator and the naive one agree on a million cases") {
  constexpr uint64_t worlds = 2000, questions = 500;
  for (uint64_t seed = 1; seed <= worlds; seed++) {
    naive::Random random(seed);
    CAPTURE(seed);
    const naive::World world = naive::random_world(random);
    Evaluator evaluator = evaluator_of(world);
    for (uint64_t i = 0; i < questions; i++) {
      const naive::Groups from = naive::random_groups(world, random),
                          to = naive::random_groups(world, random);
      check_one(world, evaluator, from, to, random, i % 50 == 0);
    }
  }
}

TEST_CASE("the two agree where there are many groups, and ends with few or many of them") {
  constexpr uint32_t groups = 300, rules = 4000;
  naive::Random random(1);
  const naive::World world = naive::random_world(random, groups, rules);
  Evaluator evaluator = evaluator_of(world);
  const auto some = [&] {
    naive::Groups some = {0};
    for (uint32_t left = naive::below(random, 2) == 0 ? 3 : 60; left > 0; left--)
      some.push_back(naive::below(random, groups));
    return some;
  };
  for (int i = 0; i < 4000; i++) check_one(world, evaluator, some(), some(), random, i % 50 == 0);
}
