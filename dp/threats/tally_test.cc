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

TEST_CASE("a count that grew after it was last looked for does not give way either") {
  auto tallies = std::make_unique<Tallies>(SipHash(1, 2));
  for (uint16_t i = 0; i < 200; i++)
    for (uint64_t count : {1u, 50u}) tallies->at(0, key(i), 60, start).count = count;
  for (uint32_t i = 0; i < 200'000; i++) tallies->at(0, {.slot = 2, .segment = i}, 60, start).count = 2;
  for (uint16_t i = 0; i < 200; i++) CHECK(tallies->at(0, key(i), 60, start).count == 50);
}

TEST_CASE("different things are told apart, the same ones are not counted again") {
  Distinct d{};
  for (int again = 0; again < 3; again++)
    for (uint64_t i = 0; i < 25; i++) d.add(item_of(i));
  CHECK(d.count() > 20);
  CHECK(d.count() < 30);
  for (uint64_t i = 0; i < 1000; i++) d.add(item_of(i));
  CHECK(d.count() > 850);
  CHECK(d.count() < 1150);
}

}  // namespace vmoat
