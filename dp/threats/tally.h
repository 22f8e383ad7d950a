// Tallies: what threats count, by key, in one table of fixed size for all NICs and workers. Never an object
// per address: where a set of places is full, the smallest count gives way, so that a flood of keys cannot
// push out what matters.
#pragma once

#include <array>
#include <bit>

#include "base/clock.h"
#include "base/region.h"
#include "threats/event.h"

namespace vmoat {

struct TallyKey {
  uint16_t slot = no_slot;
  uint16_t port = 0;
  uint32_t segment = 0;
  Address a, b;
};

/** How many different things were tried, and how many of them failed, by linear counting over 256 bits
 * (Whang and others, 1990): exact enough up to a thousand. What was neither answered nor refused fails two
 * seconds later. */
struct Attempts {
  std::array<uint64_t, 4> fresh, failed, good;

  void tried(uint64_t item) { set(fresh, item); }
  void refused(uint64_t item) { set(failed, item); }
  void answered(uint64_t item) { set(good, item); }
  /** What was tried and not answered has failed. */
  void ripen();
  [[nodiscard]] uint32_t failures() const;
  [[nodiscard]] uint32_t answers() const;

 private:
  static void set(std::array<uint64_t, 4>& bits, uint64_t item) {
    bits[item >> 6 & 3] |= 1ull << (item & 63);
  }
};

struct Tally {
  uint64_t tag = 0;
  int64_t since_ns = 0, last_ns = 0, ripened_ns = 0;
  uint64_t count = 0;
  uint32_t window_s = 0;
  uint8_t threat = 0;
  bool touched = false;  // since it was last ripe
  bool raised = false;   // in this window
  Subject subject;       // of the last event
  union {
    std::array<uint64_t, 12> words{};
    Attempts attempts;
  };

  [[nodiscard]] bool is_over(int64_t now_ns) const;
};

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
  /** Calls `ripe(tally)` for every one that was touched since the last time. It stays touched where `ripe`
   * says so. */
  template <class Ripe>
  void each_touched(Ripe&& ripe) {
    size_t kept = 0;
    for (size_t i = 0; i < touched_count_; i++) {
      Tally& t = all()[touched_[i]];
      t.touched = ripe(t);
      if (t.touched) touched_[kept++] = static_cast<uint32_t>(&t - all());
    }
    touched_count_ = kept;
  }
  [[nodiscard]] uint64_t displaced() const { return displaced_; }

 private:
  [[nodiscard]] Tally* all() const { return reinterpret_cast<Tally*>(memory_.data()); }
  Tally& place_of(uint64_t tag, int64_t now_ns);
  void touch(Tally& t);

  SipHash hash_;
  Region memory_;
  std::array<uint32_t, places> touched_{};
  size_t touched_count_ = 0;
  uint64_t displaced_ = 0;
};

}  // namespace vmoat
