// Plans: which sets of rules a pair of identities has to be asked for, found once and kept. What is kept is
// bounded: when a table is full, all of it begins anew.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <vector>

#include "base/region.h"
#include "policy/policy.h"

namespace vmoat {

class Plans {
 public:
  explicit Plans(const Policy& policy);

  /** Of identities that the policy gave out, in the order of the sets' first rules. Good until the next call.
   */
  std::span<const RuleSet* const> of(Identity from, Identity to) {
    const uint64_t slot = slots()[slot_of(from, to)];
    return slot >> 32 == pair_of(from, to) ? plan(static_cast<uint32_t>(slot)) : find(from, to);
  }
  void prefetch(Identity from, Identity to) const { __builtin_prefetch(&slots()[slot_of(from, to)]); }

  /** Bytes, for tests of the bounds. */
  [[nodiscard]] size_t bytes() const;

 private:
  static constexpr size_t slots_max = 1 << 20;    // pairs
  static constexpr size_t plans_max = 1 << 16;    // distinct lists of sets
  static constexpr size_t entries_max = 1 << 21;  // of all lists
  static constexpr size_t merged_bytes_max = 32 << 20;
  static constexpr size_t merge_sets_min = 4;      // fewer are asked one by one
  static constexpr size_t merge_rules_max = 2048;  // so that a merge takes well below a millisecond

  struct Plan {
    uint32_t at, count;  // in entries_
  };

  static_assert(identities_max < 1 << 16);
  static uint64_t pair_of(Identity from, Identity to) { return uint64_t{from} << 16 | to; }
  /** The first 1,024 identities never meet in a slot. */
  static size_t slot_of(Identity from, Identity to) {
    return (from << 10 ^ to ^ from >> 10 ^ (to >> 10) * 0x9e5u << 4) & (slots_max - 1);
  }
  [[nodiscard]] uint64_t* slots() const { return reinterpret_cast<uint64_t*>(slots_.data()); }
  [[nodiscard]] std::span<const RuleSet* const> plan(uint32_t number) const {
    return {entries_.data() + plans_[number].at, plans_[number].count};
  }
  std::span<const RuleSet* const> find(Identity from, Identity to);
  uint32_t make(const std::vector<uint32_t>& sets);
  const RuleSet* merge(const std::vector<uint32_t>& sets);
  void clear();

  const Policy& policy_;
  Region slots_;  // of each pair: pair << 32 | number of its plan
  std::vector<Plan> plans_;
  std::vector<const RuleSet*> entries_;
  std::map<std::vector<uint32_t>, uint32_t> known_;  // plans by the rule sets that they stand for
  std::vector<std::unique_ptr<RuleSet>> merged_;
  size_t merged_bytes_ = 0;
};

}  // namespace vmoat
