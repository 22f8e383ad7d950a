// Memory for flows that are read to their end is shared out by NIC.
#include "engine/readings.h"

#include <doctest/doctest.h>

namespace vmoat {

TEST_CASE("readings: a NIC that has begun its share begins no more, others do, and what ends makes room") {
  constexpr uint16_t greedy = 3, modest = 4;
  Readings readings(1 << 20);
  std::vector<uint32_t> begun;
  for (uint32_t reading = 0; (reading = readings.begin(1, greedy)) != 0;) begun.push_back(reading);
  CHECK(begun.size() > 100);
  CHECK(readings.begin(1, modest) != 0);
  readings.end(begun.back());
  CHECK(readings.begin(1, greedy) != 0);
  CHECK(readings.begin(1, greedy) == 0);
}

}  // namespace vmoat
