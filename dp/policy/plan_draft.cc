#include "policy/plan_draft.h"

#include <algorithm>

namespace vmoat {

bool PlanDraft::add(RuleIndex first) {
  for (const Term& term : first < end_ ? sets_.terms(first) : std::span<const Term>()) {
    if (term.rule > end_) return true;
    if (++looked_ > looked_max) return false;
    if (term.last < range_.first || range_.last < term.first) continue;
    is_full_ = count_ == kept_max;
    if (is_full_) return true;
    terms_[count_++] = term;
    if (is_whole(term) && sets_.conditions().tag(term.rule) == tag_any) end_ = term.rule;
  }
  return true;
}

std::optional<PlanLeaf> PlanDraft::leaf() {
  if (is_full_) return std::nullopt;
  const auto terms = std::span(terms_).first(count_);
  std::sort(terms.begin(), terms.end(), [](const Term& a, const Term& b) { return a.rule < b.rule; });
  const Service protocol = range_.first & ~Service{0xffff};
  PlanLeaf leaf;
  for (const Term& term : terms) {
    if (term.rule > end_) break;
    if (is_covered(term, leaf)) continue;
    if (leaf.count == PlanLeaf::ranges_max) return std::nullopt;
    leaf.add(static_cast<uint16_t>(std::max<Service>(term.first, protocol)),
             static_cast<uint16_t>(std::min<Service>(term.last, protocol | 0xffff)), term.rule,
             sets_.conditions().tag(term.rule), sets_.conditions().denies(term.rule));
  }
  return leaf;
}

/** Whether earlier rules that ask for no application decide all that a term has within the range. */
bool PlanDraft::is_covered(const Term& term, const PlanLeaf& leaf) const {
  uint32_t at = std::max<Service>(term.first, range_.first) & 0xffff;
  const uint32_t last = std::min<Service>(term.last, range_.last) & 0xffff;
  for (uint32_t i = 0; i < leaf.count && at <= last; i++) {
    if (leaf.is_conditional(i) || leaf.first[i] > at || leaf.last[i] < at) continue;
    at = uint32_t{leaf.last[i]} + 1;
    i = ~0u;  // those before may go on from here
  }
  return at > last;
}

}  // namespace vmoat
