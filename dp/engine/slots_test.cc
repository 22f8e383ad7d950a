// Slots and segments: numbers that must not be given out twice too early.
#include "engine/slots.h"

#include <doctest/doctest.h>

#include <memory>

#include "engine/segments.h"

using namespace vmoat;

TEST_CASE("slots: a number comes back only when no flow of its NIC is left") {
  auto slots = std::make_unique<Slots>();
  std::array<uint32_t, VMOAT_SLOTS> flows = {};
  const uint16_t first = slots->take();
  CHECK(first == 1);
  CHECK_FALSE(slots->claim(first));
  slots->retire(first);
  CHECK_FALSE(slots->in_use(first));
  flows[first] = 3;
  CHECK(slots->settle(flows).empty());
  flows[first] = 0;
  CHECK(slots->settle(flows).empty());
  CHECK(slots->settle(flows) == std::vector<uint16_t>{first});
  slots->free(first);
  CHECK(slots->take() == 2);
}

TEST_CASE("slots: all but number 0, then none") {
  auto slots = std::make_unique<Slots>();
  for (int i = 1; i < VMOAT_SLOTS; i++) CHECK(slots->take() != 0);
  CHECK(slots->take() == 0);
  CHECK_FALSE(slots->claim(0));
  CHECK_FALSE(slots->claim(VMOAT_SLOTS));
}

TEST_CASE("segments: by bridge and VLAN") {
  auto segments = std::make_unique<Segments>();
  bool changed;
  CHECK(segments->of(1, 0) == 0);
  segments->place(1, {10, "br0"});
  segments->place(2, {10, "br0"});
  segments->place(3, {11, "br1"});
  CHECK(segments->of(1, 0) == segments->of(2, 0));
  CHECK(segments->of(1, 0) != segments->of(3, 0));
  CHECK(segments->of(1, 5) == segments->of(2, 5));
  CHECK(segments->of(1, 5) != segments->of(1, 0));
  segments->place(2, {11, "br1"});
  CHECK(segments->of(2, 0) == segments->of(3, 0));
  CHECK(segments->all(changed).size() == 3);
  CHECK(changed);
  CHECK(segments->all(changed).size() == 3);
  CHECK_FALSE(changed);
}

TEST_CASE("segments: a guest that makes up VLANs finds an end") {
  auto segments = std::make_unique<Segments>();
  bool changed;
  for (uint16_t slot = 1; slot <= 20; slot++) {
    segments->place(slot, {slot, "br"});
    for (uint16_t vlan = 0; vlan < 4096; vlan++) CHECK(segments->of(slot, vlan) != 0);
  }
  CHECK(segments->all(changed).size() <= 65536 + 20);
}
