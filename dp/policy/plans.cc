#include "policy/plans.h"

#include <algorithm>

namespace vmoat {

Plans::Plans(const Policy& policy) : policy_(policy), slots_(slots_max * sizeof(uint64_t)) {
  clear();
}

void Plans::clear() {
  slots_ = Region(slots_max * sizeof(uint64_t));
  plans_.assign(1, {0, 0});  // an empty slot names it: nothing is to be asked
  entries_.clear();
  known_ = {{{}, 0}};
  merged_.clear();
  merged_bytes_ = 0;
}

std::span<const RuleSet* const> Plans::find(Identity from, Identity to) {
  std::vector<uint32_t> sets;
  policy_.append_rule_sets(*policy_.groups_of(from), *policy_.groups_of(to), sets);
  const auto known = known_.find(sets);
  const uint32_t number = known != known_.end() ? known->second : make(sets);
  slots()[slot_of(from, to)] = pair_of(from, to) << 32 | number;
  return plan(number);
}

uint32_t Plans::make(const std::vector<uint32_t>& sets) {
  if (plans_.size() >= plans_max || entries_.size() + sets.size() > entries_max) clear();
  const auto at = static_cast<uint32_t>(entries_.size());
  if (const RuleSet* one = merge(sets); one != nullptr) {
    entries_.push_back(one);
  } else {
    for (const uint32_t set : sets) entries_.push_back(&policy_.rule_sets()[set]);
  }
  plans_.push_back({at, static_cast<uint32_t>(entries_.size() - at)});
  return known_[sets] = static_cast<uint32_t>(plans_.size() - 1);
}

/** One set in place of many, or null where that is not worth it. */
const RuleSet* Plans::merge(const std::vector<uint32_t>& sets) {
  if (sets.size() < merge_sets_min || merged_bytes_ >= merged_bytes_max) return nullptr;
  std::vector<RuleIndex> members;
  for (const uint32_t set : sets) {
    const auto rules = policy_.rule_sets()[set].members();
    if (members.size() + rules.size() > merge_rules_max) return nullptr;
    members.insert(members.end(), rules.begin(), rules.end());
  }
  std::sort(members.begin(), members.end());
  merged_.push_back(std::make_unique<RuleSet>(policy_.rules(), members));
  merged_bytes_ += merged_.back()->bytes();
  return merged_.back().get();
}

size_t Plans::bytes() const {
  return slots_.size() + plans_.capacity() * sizeof(Plan) + entries_.capacity() * sizeof(RuleSet*) +
         merged_bytes_;
}

}  // namespace vmoat
