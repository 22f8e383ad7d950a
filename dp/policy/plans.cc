#include "policy/plans.h"

#include <algorithm>

namespace vmoat {

std::span<const AppliedSet> Plans::of(Identity from, Identity to) {
  Plan& plan = place(from, to);
  if (plan.pair == pair_of(from, to)) return std::span(plan.sets).first(plan.count);
  found_.clear();
  policy_.append_rule_sets(*policy_.groups_of(from), *policy_.groups_of(to), found_);
  if (found_.size() > sets_kept) return found_;
  plan.pair = pair_of(from, to);
  plan.count = static_cast<uint32_t>(found_.size());
  std::copy(found_.begin(), found_.end(), plan.sets.begin());
  return std::span(plan.sets).first(plan.count);
}

}  // namespace vmoat
