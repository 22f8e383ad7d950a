// The bounded tables: arena, slab, index, wheel, and the hash they are filled by.
#include <doctest/doctest.h>
#include <sys/mman.h>

#include <algorithm>
#include <set>
#include <vector>

#include "base/arena.h"
#include "base/bucket_index.h"
#include "base/region.h"
#include "base/siphash.h"
#include "base/wheel.h"

namespace vmoat {

TEST_CASE("siphash depends on seed, words and their number") {
  const uint64_t words[3] = {1, 2, 0};
  const SipHash a(1, 2), b(1, 3);
  CHECK(a(words, 3) == a(words, 3));
  CHECK(a(words, 3) != b(words, 3));
  CHECK(a(words, 3) != a(words, 2));
}

TEST_CASE("of a large region the first huge page is there from the start, and not the rest") {
  constexpr size_t page = 4096, huge_page = 2 << 20;
  const Region region(16 * huge_page);
  std::vector<unsigned char> is_there(region.size() / page);
  REQUIRE(::mincore(region.data(), region.size(), is_there.data()) == 0);
  const auto resident = [&](size_t from, size_t pages) {
    const auto first = is_there.begin() + static_cast<ptrdiff_t>(from);
    return std::count_if(first, first + static_cast<ptrdiff_t>(pages), [](auto in) { return in & 1; });
  };
  CHECK(resident(0, huge_page / page) == huge_page / page);
  CHECK(resident(8 * huge_page / page, 8 * huge_page / page) == 0);
}

TEST_CASE("a slab gives zeroed objects until it is full, and those given back again") {
  struct Thing {
    uint64_t value[4];
  };
  Slab<Thing> slab(3);
  const uint32_t first = slab.take();
  slab[first].value[3] = 7;
  CHECK(slab.take() != 0);
  CHECK(slab.take() != 0);
  CHECK(slab.take() == 0);
  slab.give_back(first);
  CHECK(slab.used() == 2);
  CHECK(slab.take() == first);
  CHECK(slab[first].value[3] == 0);
}

TEST_CASE("an arena's pieces do not overlap, and its memory is used again") {
  Arena arena(1 << 20);
  std::vector<std::pair<uint32_t, uint32_t>> pieces;
  for (uint32_t size : {1u, 64u, 65u, 700u, 4096u, 4096u, 3u}) {
    const uint32_t piece = arena.take(size);
    REQUIRE(piece != 0);
    std::fill_n(arena.at(piece), size, static_cast<uint8_t>(pieces.size()));
    pieces.emplace_back(piece, size);
  }
  for (size_t i = 0; i < pieces.size(); i++) {
    const uint8_t* p = arena.at(pieces[i].first);
    CHECK(std::all_of(p, p + pieces[i].second, [&](uint8_t b) { return b == i; }));
  }
  for (const auto& [piece, size] : pieces) arena.give_back(piece);
  CHECK(arena.used() == 0);
  CHECK(Arena::room(65) == 96);
}

TEST_CASE("a full arena says so and recovers") {
  Arena arena(128 << 10);
  std::vector<uint32_t> pieces;
  for (uint32_t p = arena.take(4096); p != 0; p = arena.take(4096)) pieces.push_back(p);
  CHECK(pieces.size() == 32);
  CHECK(arena.take(64) == 0);
  arena.give_back(pieces.back());
  CHECK(arena.take(4096) == pieces.back());
}

TEST_CASE("memory of one class serves another when it is empty again") {
  Arena arena(128 << 10);
  for (const uint32_t size : {64u, 4096u, 320u, 64u}) {
    std::vector<uint32_t> pieces;
    for (uint32_t p = arena.take(size); p != 0; p = arena.take(size)) pieces.push_back(p);
    CHECK(pieces.size() == 2 * (65536 / size));
    for (const uint32_t p : pieces) arena.give_back(p);
    CHECK(arena.used() == 0);
  }
}

TEST_CASE("who has a share of an arena has no more, however little of each run is in use") {
  Arena arena(1 << 20, 2);
  constexpr size_t share = (1 << 20) / Arena::share;
  std::vector<uint32_t> greedy;
  for (uint32_t size : {4096u, 2048u, 1024u, 512u}) {
    std::vector<uint32_t> pieces;
    for (uint32_t p = arena.take(size); p != 0; p = arena.take(size)) pieces.push_back(p);
    if (greedy.empty()) CHECK(pieces.size() == share / size);
    for (size_t i = 0; i < pieces.size(); i++)  // one is left in every run
      if (i % (16384 / size) == 0 && size == 4096)
        greedy.push_back(pieces[i]);
      else
        arena.give_back(pieces[i]);
  }
  CHECK(arena.take(64) == 0);
  std::vector<uint32_t> others;
  for (uint32_t p = arena.take(64, 1); p != 0; p = arena.take(64, 1)) others.push_back(p);
  CHECK(others.size() == share / 64);
  for (const uint32_t p : greedy) arena.give_back(p);
  CHECK(arena.take(64) != 0);
}

TEST_CASE("the index finds what was put in, also with many of one hash") {
  BucketIndex index(1000);
  for (uint32_t n = 1; n <= 40; n++) REQUIRE(index.insert(0x50001, n));
  for (uint32_t n = 41; n <= 500; n++) REQUIRE(index.insert(n * 2654435761u, n));
  for (uint32_t n = 1; n <= 40; n++) CHECK(index.find(0x50001, [&](uint32_t i) { return i == n; }) == n);
  for (uint32_t n = 1; n <= 40; n += 2) index.erase(0x50001, n);
  for (uint32_t n = 1; n <= 40; n++)
    CHECK(index.find(0x50001, [&](uint32_t i) { return i == n; }) == (n % 2 != 0 ? 0 : n));
  for (uint32_t n = 41; n <= 500; n++)
    CHECK(index.find(n * 2654435761u, [&](uint32_t i) { return i == n; }) == n);
  index.erase(0x50001, 777);  // never put in: nothing happens
  CHECK(index.find(0x50001, [](uint32_t i) { return i == 2; }) == 2);
}

TEST_CASE("the index is bounded, also under keys of one hash") {
  BucketIndex index(64);
  uint32_t n = 1;
  while (index.insert(1, n)) REQUIRE(++n < 10000);
  CHECK(n > 64);
}

namespace {
struct Links {
  WheelLink links[64];
  WheelLink& link(uint32_t n) { return links[n]; }
  void prefetch(uint32_t) const {}
};
std::set<uint32_t> advance(Wheel<Links>& wheel, int64_t to) {
  std::set<uint32_t> due;
  wheel.advance(to, [&](uint32_t n) { due.insert(n); });
  return due;
}
}  // namespace

TEST_CASE("a wheel calls at the second, or at its horizon") {
  Links links;
  Wheel<Links> wheel(links, 1);
  advance(wheel, 1'700'000'000);
  wheel.put(1, 1'700'000'010);
  wheel.put(2, 1'700'000'010);
  wheel.put(3, 1'700'000'005);
  wheel.put(4, 1'700'999'999);
  wheel.take(2);
  CHECK(wheel.nearest() == 3);
  CHECK(advance(wheel, 1'700'000'009) == std::set<uint32_t>{3});
  CHECK(wheel.nearest() == 1);
  CHECK(advance(wheel, 1'700'000'010) == std::set<uint32_t>{1});
  CHECK(advance(wheel, 1'700'000'000 + 4095) == std::set<uint32_t>{4});
}

TEST_CASE("a wheel survives a jump of time and times in the past") {
  Links links;
  Wheel<Links> wheel(links, 1);
  advance(wheel, 100);
  wheel.put(1, 150);
  wheel.put(2, 20);
  CHECK(advance(wheel, 1'800'000'000) == std::set<uint32_t>{1, 2});
  CHECK(advance(wheel, 5).empty());
}

TEST_CASE("a queue keeps the order of entry") {
  Links links;
  Wheel<Links> wheel(links, 1);
  for (uint32_t n : {5, 6, 7}) wheel.put_in_queue(n, 0);
  CHECK(wheel.front_of_queue(0) == 5);
  wheel.take(5);
  CHECK(wheel.front_of_queue(0) == 6);
  CHECK(wheel.in_queue(7, 0));
  CHECK_FALSE(wheel.in_queue(5, 0));
}

}  // namespace vmoat
