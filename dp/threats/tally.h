// Tallies: what threats count, by key, in one table of fixed size for all NICs and workers. Never an object
// per address: where a set of places is full, the smallest count gives way, so that a flood of keys cannot
// push out what matters. Tags stand apart from the tallies: a look-up touches their line and one tally's.
#pragma once

#include <array>

#include "base/clock.h"
#include "base/region.h"
#include "base/siphash.h"
#include "parse/packet.h"

namespace vmoat {

struct TallyKey {
  uint16_t slot = no_slot;
  uint16_t port = 0;
  uint32_t segment = 0;
  Address a, b;
};

/** How many different things there were, by linear counting over 512 bits (Whang and others, 1990): exact
 * enough up to two thousand. */
struct Distinct {
  std::array<uint64_t, 8> bits;

  void add(uint64_t item) { bits[item >> 6 & 7] |= uint64_t{1} << (item & 63); }
  [[nodiscard]] bool has(uint64_t item) const { return (bits[item >> 6 & 7] >> (item & 63) & 1) != 0; }
  [[nodiscard]] uint32_t count() const;
};

/** One count. What `distinct` and `words` hold is the threat's own affair; both are zero at first. */
struct alignas(64) Tally {
  int64_t since_ns = 0;
  uint64_t count = 0;
  uint32_t window_s = 0;
  std::array<uint64_t, 4> words{};
  alignas(64) Distinct distinct{};  // a cache line of its own: many threats only count

  [[nodiscard]] bool is_over(int64_t now_ns) const { return since_ns + window_s * ns_per_s <= now_ns; }
};
static_assert(sizeof(Tally) == 128);

/** A well-mixed number of anything that is to be told apart. */
uint64_t item_of(const Address& address, uint64_t more = 0);
inline uint64_t item_of(uint64_t number) {
  return item_of(Address{}, number);
}

class Tallies {
 public:
  static constexpr uint32_t places = 1u << 14, ways = 8;

  explicit Tallies(SipHash hash);

  /** The tally under this key; it begins anew where it is new or its window is over. */
  Tally& at(uint8_t threat, const TallyKey& key, uint32_t window_s, int64_t now_ns);
  /** Tallies that gave way while their window was running. */
  [[nodiscard]] uint64_t displaced() const { return displaced_; }

 private:
  /** What is known of eight places without a look at them. */
  struct alignas(64) Set {
    std::array<uint64_t, ways> tags;     // 0 is an empty place
    std::array<uint32_t, ways> until_s;  // first second by which the window is surely over
    std::array<uint32_t, ways> weights;  // what the place counted when it was last looked at, at least 1
  };
  static_assert(sizeof(Set) == 128);

  [[nodiscard]] Tally& place(uint32_t set, uint32_t way) const {
    return reinterpret_cast<Tally*>(memory_.data())[size_t{set} * ways + way];
  }
  uint32_t least_of(uint32_t set, int64_t now_ns);
  Tally& begin(uint32_t set, uint32_t way, uint64_t tag, uint32_t window_s, int64_t now_ns);

  SipHash hash_;
  Region sets_, memory_;
  uint64_t displaced_ = 0;
};

}  // namespace vmoat
