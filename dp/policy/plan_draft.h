// PlanDraft: the rules that decide within a range of services between two ends, found among all that apply
// between their groups. Rules that earlier ones leave nothing are left out.
#pragma once

#include <array>
#include <optional>
#include <span>

#include "policy/plans.h"
#include "policy/rule_set.h"

namespace vmoat {

class PlanDraft {
 public:
  /** Of a range within one protocol. */
  PlanDraft(const RuleSets& sets, ServiceRange range) : sets_(sets), range_(range) {}

  /** The rules of two groups by their first one. False once there are more than anyone should look at: even
   * parts of the range are for no plan. */
  bool add(RuleIndex first);
  /** None: there is more than a leaf can hold. */
  std::optional<PlanLeaf> leaf();

 private:
  using Term = RuleSets::Term;
  // So that no flow waits for its plan longer than some µs.
  static constexpr size_t looked_max = 2048, kept_max = 512;

  [[nodiscard]] bool is_whole(const Term& term) const {
    return term.first <= range_.first && range_.last <= term.last;
  }
  [[nodiscard]] bool is_covered(const Term& term, const PlanLeaf& leaf) const;

  const RuleSets& sets_;
  const ServiceRange range_;
  RuleIndex end_ = no_rule;  // decides whatever no earlier rule has decided
  size_t looked_ = 0;
  bool is_full_ = false;
  std::array<Term, kept_max> terms_;
  size_t count_ = 0;
};

}  // namespace vmoat
