// Tallies: windows, bounds, and how well different things are told apart.
#include "threats/tally.h"

#include <doctest/doctest.h>

#include <memory>

namespace vmoat {

namespace {

constexpr int64_t start = 1'000'000 * ns_per_s;

TallyKey key(uint16_t port) {
  return {.slot = 1, .port = port};
}

}  // namespace

TEST_CASE("a tally begins anew when its window is over") {
  auto tallies = std::make_unique<Tallies>(SipHash(1, 2));
  tallies->at(3, key(1), 10, start).count = 5;
  CHECK(tallies->at(3, key(1), 10, start + 9 * ns_per_s).count == 5);
  CHECK(tallies->at(4, key(1), 10, start).count == 0);
  CHECK(tallies->at(3, key(1), 10, start + 10 * ns_per_s).count == 0);
}

TEST_CASE("a flood of keys does not push out what counts much") {
  auto tallies = std::make_unique<Tallies>(SipHash(1, 2));
  tallies->at(0, key(0), 60, start).count = 100;
  for (uint32_t i = 0; i < 1'000'000; i++) tallies->at(0, {.slot = 2, .segment = i}, 60, start).count = 1;
  CHECK(tallies->at(0, key(0), 60, start).count == 100);
  CHECK(tallies->displaced() > 900'000);
}

TEST_CASE("each touched tally ripens once, until it is touched again") {
  auto tallies = std::make_unique<Tallies>(SipHash(1, 2));
  for (uint16_t i = 0; i < 10; i++) tallies->at(0, key(i), 60, start);
  int ripe = 0;
  const auto once = [&](Tally&) { return ripe++, false; };
  tallies->each_touched(once);
  tallies->each_touched(once);
  CHECK(ripe == 10);
  tallies->at(0, key(3), 60, start);
  tallies->each_touched(once);
  CHECK(ripe == 11);
}

TEST_CASE("attempts: what is neither answered nor refused fails when it ripens") {
  Attempts a{};
  for (uint64_t i = 0; i < 100; i++) a.tried(item_of(i));
  for (uint64_t i = 0; i < 60; i++) a.answered(item_of(i));
  CHECK(a.failures() == 0);
  a.ripen();
  CHECK(a.failures() > 20);
  CHECK(a.failures() < 45);
  CHECK(a.answers() > 50);
  CHECK(a.answers() < 70);
}

TEST_CASE("attempts are told apart up to hundreds") {
  Attempts a{};
  for (uint64_t i = 0; i < 500; i++) a.refused(item_of(i));
  CHECK(a.failures() > 400);
  CHECK(a.failures() < 600);
}

}  // namespace vmoat
