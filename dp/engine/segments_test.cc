#include "engine/segments.h"

#include <doctest/doctest.h>

namespace vmoat::test {

TEST_CASE("segments are numbered as they are met") {
  Segments segments;
  segments.place(1, {10, "br0"});
  segments.place(2, {20, "br1"});
  CHECK(segments.of(2, 0) == 1);
  CHECK(segments.of(1, 0) == 2);
  CHECK(segments.of(1, 7) == 3);
  CHECK(segments.of(1, 7) == 3);
  bool changed = false;
  CHECK(segments.all(changed).size() == 3);
  CHECK(changed);
}

TEST_CASE("segments that were kept have their numbers again, others get none of these") {
  Segments segments;
  const KeptSegment kept[] = {{.segment = 4, .link = "br0", .vlan = 7}, {.segment = 2, .link = "br1"}};
  segments.remember(kept);
  segments.place(1, {11, "br0"});
  segments.place(2, {21, "br1"});
  CHECK(segments.of(1, 0) == 5);
  CHECK(segments.of(1, 7) == 4);
  CHECK(segments.of(2, 0) == 2);
}

TEST_CASE("on a bridge that filters VLANs frames without a tag are in their port's") {
  Segments segments;
  const Port red = {10, "br0", 100, 1}, blue = {10, "br0", 200, 1}, trunk = {10, "br0", 1, 1};
  segments.place(1, red);
  segments.place(2, blue);
  segments.place(3, trunk);
  CHECK(segments.of(1, 0) != segments.of(2, 0));
  CHECK(segments.of(3, 100) == segments.of(1, 0));
  CHECK(segments.of(3, 200) == segments.of(2, 0));
  CHECK(segments.of(3, 1) == segments.of(3, 0));
  segments.place(2, red);
  CHECK(segments.of(2, 0) == segments.of(1, 0));
  bool changed = false;
  const auto all = segments.all(changed);
  REQUIRE(all.size() == 3);
  CHECK(all[0].vlan == 100);
  CHECK(all[2].vlan == 0);
}

TEST_CASE("a link of the same name that comes later is another segment") {
  Segments segments;
  const KeptSegment kept[] = {{.segment = 2, .link = "br0"}};
  segments.remember(kept);
  segments.place(1, {10, "br0"});
  CHECK(segments.of(1, 0) == 2);
  segments.place(1, {30, "br0"});
  CHECK(segments.of(1, 0) == 3);
  bool changed = false;
  CHECK(segments.all(changed).size() == 2);
}

}  // namespace vmoat::test
