// Frames that wait: in order, bounded in all and by sender, for a second.
#include "engine/waiting_frames.h"

#include <doctest/doctest.h>

#include <vector>

namespace vmoat::test {
namespace {

constexpr uint32_t bytes_max = 65536;

struct Waiting {
  WaitingFrames frames{bytes_max};
  std::vector<uint8_t> out;
  int64_t now_ns = 1;

  bool keep(uint64_t line, uint8_t what, uint16_t sender = 1, size_t size = 100, uint32_t seq = 0) {
    const std::vector<uint8_t> bytes(size, what);
    return frames.keep({line, seq}, {.offload = {}, .bytes = bytes, .slot = 9, .sender = sender}, ++now_ns);
  }
  void release(uint64_t line, uint32_t seq = 0) {
    frames.release({line, seq}, [&](const HeldFrame& held) { out.push_back(held.bytes.back()); });
  }
  void expire() {
    frames.expire(now_ns, [&](const HeldFrame& held) { out.push_back(held.bytes.back()); });
  }
};

using Bytes8 = std::vector<uint8_t>;

}  // namespace

TEST_CASE("waiting frames go on in the order in which they came, each line's by themselves") {
  Waiting w;
  for (uint8_t i = 0; i < 6; i++) REQUIRE(w.keep(i % 2 + 1, i));
  w.release(2);
  CHECK(w.out == Bytes8{1, 3, 5});
  w.release(2);
  w.release(1);
  CHECK(w.out == Bytes8{1, 3, 5, 0, 2, 4});
}

TEST_CASE("waiting frames go on as far as their line has come, past the end of its numbers, too") {
  Waiting w;
  const uint32_t begin = 0xfffffff0;
  for (const uint8_t i : {3, 1, 2, 0}) REQUIRE(w.keep(1, i, 1, 100, begin + i * 10u));
  w.release(1, begin - 1);
  CHECK(w.out.empty());
  w.release(1, begin + 20);
  CHECK(w.out == Bytes8{1, 2, 0});
  w.release(1, begin + 29);
  w.release(2, begin + 30);
  CHECK(w.out.size() == 3);
  w.release(1, begin + 30);
  CHECK(w.out.back() == 3);
}

TEST_CASE("waiting frames do so for a second") {
  Waiting w;
  REQUIRE(w.keep(1, 1));
  w.now_ns += WaitingFrames::wait_ns - 1;
  REQUIRE(w.keep(1, 2));
  w.expire();
  CHECK(w.out == Bytes8{1});
  w.release(1);
  CHECK(w.out == Bytes8{1, 2});
}

TEST_CASE("waiting frames of one sender take their share of bytes and frames, and no more") {
  Waiting w;
  size_t kept = 0;
  while (w.keep(1, 0, 1, 1500)) kept++;
  CHECK(kept == bytes_max / WaitingFrames::share / 1500);
  CHECK(w.keep(2, 7, 2, 1500));
  w.release(2);
  CHECK(w.out == Bytes8{7});
  Waiting tiny;
  for (kept = 0; tiny.keep(1, 0, 1, 1);) kept++;
  CHECK(kept == WaitingFrames::frames_max / WaitingFrames::share);
}

TEST_CASE("waiting frames' memory serves again and again, whole at its end, too") {
  Waiting w;
  for (uint8_t i = 0; i < 250; i++) {
    REQUIRE(w.keep(i + 1u, i, 1, 3001));
    REQUIRE(w.keep(i + 1u, i, 2, 1777));
    w.out.clear();
    w.release(i + 1u);
    REQUIRE(w.out == Bytes8{i, i});
  }
}

TEST_CASE("a waiting frame that is larger than all room is refused") {
  Waiting w;
  CHECK_FALSE(w.keep(1, 0, 1, bytes_max + 1));
}

}  // namespace vmoat::test
