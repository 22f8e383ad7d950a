// Plans: that they are shared and bounded, and that the worst policies are answered as the naive evaluator
// does.
#include "policy/plans.h"

#include <doctest/doctest.h>

#include <memory>
#include <thread>

#include "policy/naive.h"

using namespace vmoat;

namespace {

constexpr uint8_t tcp = 6;

std::shared_ptr<const Policy> compiled(const naive::World& world) {
  auto policy =
      Policy::compile(naive::tables_of(world), naive::application_number, std::make_shared<IdentityTable>());
  REQUIRE_MESSAGE(policy.ok(), (policy ? std::string() : policy.error().what));
  return *policy;
}

naive::World world_of(uint32_t groups) {
  naive::World world;
  world.modes.assign(groups, Mode::monitor);
  return world;
}

naive::Rule rule_of(uint32_t index, uint32_t from, uint32_t to) {
  return {
      .number = index + 1, .from = from, .to = to, .ports = {}, .applications = {}, .deny = index % 3 == 0};
}

Question tcp_question(const Policy& policy, const naive::Groups& from, const naive::Groups& to) {
  Question q;
  q.from = policy.of(from), q.to = policy.of(to);
  q.proto = tcp;
  return q;
}

void check_ports(const naive::World& world, const Policy& policy, const Evaluator& evaluator, uint32_t step,
                 const naive::Groups& from, const naive::Groups& to) {
  Question q = tcp_question(policy, from, to);
  for (uint32_t port = 0; port < 65'536; port += step) {
    q.port = static_cast<uint16_t>(port);
    q.confidence = static_cast<Confidence>(port % 3);
    q.layers[0] = q.confidence == Confidence::none ? 0 : static_cast<uint16_t>(1 + port % 9);
    q.application_final = port % 2 == 0;
    CAPTURE(port);
    REQUIRE(evaluator.evaluate(q) == naive::evaluate(world, from, to, q));
  }
}

}  // namespace

TEST_CASE("20,000 ranges that all overlap between the same two groups") {
  naive::World world = world_of(3);
  for (uint32_t i = 0; i < 20'000; i++) {
    world.rules.push_back(rule_of(i, 0, 0));
    world.rules.back().ports = {
        {tcp, static_cast<uint16_t>(20'000 - i), static_cast<uint16_t>(20'001 + 2 * i)}};
    if (i % 4 == 1) world.rules.back().applications = {{static_cast<uint16_t>(1 + i % 9)}};
  }
  const auto policy = compiled(world);
  check_ports(world, *policy, Evaluator(policy), 61, {0}, {0});
  CHECK(policy->plans().lines() < 2000);
}

TEST_CASE("rules between thousands of pairs of the groups of two ends") {
  constexpr uint32_t each = 60;
  naive::World world = world_of(3 + 2 * each);
  naive::Groups from, to;
  for (uint32_t i = 0; i < each; i++) from.push_back(3 + i), to.push_back(3 + each + i);
  for (uint32_t i = 0; i < 18'000; i++) {
    world.rules.push_back(rule_of(i, from[i % each], to[i / each % each]));
    world.rules.back().ports = {{tcp, static_cast<uint16_t>(3 * i), static_cast<uint16_t>(3 * i + i % 7)}};
  }
  const auto policy = compiled(world);
  check_ports(world, *policy, Evaluator(policy), 97, from, to);
}

TEST_CASE("more ranges than a line holds are cut by port, and equal parts share a line") {
  naive::World world = world_of(3);
  constexpr uint32_t ranges = 1500;
  for (uint32_t i = 0; i < ranges; i++) {
    world.rules.push_back(rule_of(i, 0, 0));
    const auto first = static_cast<uint16_t>(1000 + 8 * i);
    world.rules.back().ports = {{tcp, first, static_cast<uint16_t>(first + 2)}};
  }
  world.rules.push_back(rule_of(ranges, 0, 0));
  const auto policy = compiled(world);
  check_ports(world, *policy, Evaluator(policy), 1, {0}, {0});
  CHECK(policy->plans().lines() > ranges / PlanLeaf::ranges_max);
  CHECK(policy->plans().lines() < ranges);
}

TEST_CASE("more rules by application on one port than a line holds") {
  naive::World world = world_of(3);
  for (uint32_t i = 0; i < 18; i++) {
    world.rules.push_back(rule_of(i, 0, 0));
    world.rules.back().applications = {{static_cast<uint16_t>(1 + i % 9), static_cast<uint16_t>(1 + i / 9)}};
  }
  const auto policy = compiled(world);
  check_ports(world, *policy, Evaluator(policy), 251, {0}, {0});
}

TEST_CASE("applications that begin alike to a plan are told apart") {
  naive::World world = world_of(3);
  for (uint32_t i = 0; i < 3; i++) world.rules.push_back(rule_of(i, 0, 0));
  world.rules[0].applications = {{1, 2}, {1, 3}};
  world.rules[1].applications = {{1}, {2}};
  const auto policy = compiled(world);
  const Evaluator evaluator(policy);
  for (uint16_t outer = 0; outer < 1000; outer++)
    for (uint16_t inner = 0; inner < 5; inner++) {
      Question q = tcp_question(*policy, {0}, {0});
      q.layers[0] = outer, q.layers[1] = inner;
      q.confidence = outer == 0 ? Confidence::none : Confidence::sure;
      REQUIRE(evaluator.evaluate(q) == naive::evaluate(world, {0}, {0}, q));
    }
}

TEST_CASE("ends whose groups no rule tells apart share their plans") {
  naive::World world = world_of(103);
  world.rules = {rule_of(0, 0, 2)};
  const auto policy = compiled(world);
  const Evaluator evaluator(policy);
  for (uint32_t vm = 3; vm < 103; vm++) (void)evaluator.evaluate(tcp_question(*policy, {0, vm}, {0, 2}));
  CHECK(policy->plans().lines() == 1);
}

TEST_CASE("more kinds of ends than plans are kept between") {
  constexpr uint32_t groups = Plans::kinds_max + 200;
  naive::World world = world_of(groups);
  for (uint32_t i = 3; i < groups; i++) world.rules.push_back(rule_of(i, i, 0));
  const auto policy = compiled(world);
  const Evaluator evaluator(policy);
  for (uint32_t i = 3; i < groups; i++) {
    const Question q = tcp_question(*policy, {i}, {0});
    REQUIRE(evaluator.evaluate(q) == naive::evaluate(world, {i}, {0}, q));
  }
}

TEST_CASE("what finds no room is in no plan, and whoever is first in a cell stays") {
  Plans plans(2);
  PlanLeaf one, two;
  one.add(1, 2, 3, tag_any, false);
  two.add(1, 2, 4, tag_any, false);
  PlanCell* cells[] = {plans.cell(tcp, 0, 0), plans.cell(tcp, 0, 1), plans.cell(tcp, 0, 2),
                       plans.cell(tcp, 0, 3)};
  const PlanNode first = plans.keep(*cells[0], one);
  CHECK(first.kind() == PlanNode::leaf);
  CHECK(plans.leaf(first) == one);
  CHECK(plans.keep(*cells[1], one).word() == first.word());
  CHECK(plans.keep_fan(*cells[2]).kind() == PlanNode::fan);
  CHECK(plans.keep(*cells[3], two).kind() == PlanNode::crowded);
  CHECK(plans.keep_fan(*cells[0]).word() == first.word());
  CHECK(plans.lines() == 2);
  CHECK(plans.cell(47, 0, 0) == nullptr);
  CHECK(plans.cell(tcp, Plans::kinds_max, 0) == nullptr);
}

TEST_CASE("threads that make the same plans at the same time give the same answers") {
  naive::Random random(5);
  const naive::World world = naive::random_world(random, 30, 2000);
  const auto policy = compiled(world), alone = compiled(world);
  std::vector<Question> questions(20'000);
  std::vector<Decision> wanted(questions.size());
  std::vector<Identity> ends;
  for (int i = 0; i < 40; i++) {
    const naive::Groups groups = naive::random_groups(world, random);
    ends.push_back(policy->of(groups));
    REQUIRE(alone->of(groups) == ends.back());
  }
  for (Question& q : questions) {
    q = naive::random_question(random);
    q.from = ends[naive::below(random, 40)], q.to = ends[naive::below(random, 40)];
  }
  Evaluator(alone).evaluate(questions, wanted);
  std::array<std::vector<Decision>, 4> got;
  std::vector<std::thread> threads;
  threads.reserve(got.size());
  for (std::vector<Decision>& decisions : got)
    threads.emplace_back([&] {
      decisions.resize(questions.size());
      Evaluator(policy).evaluate(questions, decisions);
    });
  for (std::thread& thread : threads) thread.join();
  for (const std::vector<Decision>& decisions : got) CHECK(decisions == wanted);
}
