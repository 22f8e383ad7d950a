// Rates: a bound that is never too low, and low for what comes once.
#include "threats/rates.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "threats/tally.h"

namespace vmoat {

namespace {

constexpr int64_t start = 1'000'000 * ns_per_s;

}  // namespace

TEST_CASE("rates count each item at least, and are halved by each second") {
  Rates rates;
  for (uint32_t i = 1; i <= 800; i++) CHECK(rates.add(item_of(7), start) == i);
  CHECK(rates.add(item_of(7), start + ns_per_s) == 401);
  CHECK(rates.add(item_of(7), start + 3 * ns_per_s) == 101);
  CHECK(rates.add(item_of(7), start + 100 * ns_per_s) == 1);
  CHECK(rates.add(item_of(7), start) == 2);  // the clock was set back
}

TEST_CASE("very many different items have low rates each") {
  Rates rates;
  uint32_t most = 0;
  for (uint64_t i = 0; i < 100'000; i++) most = std::max(most, rates.add(item_of(i), start));
  CHECK(most < 100);
}

}  // namespace vmoat
