#include "policy/rule_set.h"

#include <algorithm>
#include <map>

namespace vmoat {
namespace {

using Placements = std::vector<Placement>;

void place(Placements& placements, const CompiledRule& rule, RuleIndex index) {
  for (const ServiceRange& services : rule.services) placements.push_back({services, index});
}

void keep_earlier(RuleIndex& earliest, RuleIndex rule) {
  earliest = std::min(earliest, rule);
}

}  // namespace

ManyRules::ManyRules(std::span<const CompiledRule> rules, std::span<const RuleIndex> members) {
  Placements unconditional, allow, deny;
  std::map<ApplicationPath, std::array<Placements, 2>> paths;
  for (const RuleIndex index : members) {
    const CompiledRule& rule = rules[index];
    const bool denies = rule.action == Verdict::deny;
    if (rule.applications.empty())
      place(unconditional, rule, index);
    else
      place(denies ? deny : allow, rule, index);
    for (const ApplicationPath path : rule.applications) {
      place(paths[path][0], rule, index);
      if (denies) place(paths[path][1], rule, index);
    }
  }
  unconditional_ = FirstRules(std::move(unconditional));
  allow_ = FirstRules(std::move(allow));
  deny_ = FirstRules(std::move(deny));
  by_application_.reserve(paths.size());
  for (auto& [path, of] : paths)
    by_application_.push_back({path, FirstRules(std::move(of[0])), FirstRules(std::move(of[1]))});
}

void ManyRules::look(const Wanted& wanted, Found& found) const {
  keep_earlier(found.matching, unconditional_.find(wanted.service));
  if (by_application_.empty()) return;
  if (wanted.application != 0) keep_earlier(found.matching, first_by_application(wanted));
  if (!wanted.open) return;
  keep_earlier(found.maybe_allow, allow_.find(wanted.service));
  keep_earlier(found.maybe_deny, deny_.find(wanted.service));
}

RuleIndex ManyRules::first_by_application(const Wanted& wanted) const {
  RuleIndex first = no_rule;
  ApplicationPath former = 0;
  for (int layers = 1; layers <= 3; layers++) {
    const ApplicationPath path = outermost(wanted.application, layers);
    if (path == former) break;
    former = path;
    const auto found = std::lower_bound(by_application_.begin(), by_application_.end(), path,
                                        [](const ByApplication& a, ApplicationPath b) { return a.path < b; });
    if (found == by_application_.end() || found->path != path) continue;
    keep_earlier(first, (wanted.deny_only ? found->deny : found->any).find(wanted.service));
  }
  return first;
}

void RuleSets::add(std::span<const CompiledRule> rules, std::span<const RuleIndex> members) {
  size_t terms = 0;
  for (const RuleIndex index : members)
    terms += rules[index].services.size() * std::max<size_t>(rules[index].applications.size(), 1);
  if (terms <= few_max) return add_few(rules, members);
  sets_[members[0]] = {.others_at = static_cast<uint32_t>(many_.size()), .others = many};
  many_.emplace_back(rules, members);
}

void RuleSets::add_few(std::span<const CompiledRule> rules, std::span<const RuleIndex> members) {
  const size_t at = terms_.size();
  for (const RuleIndex index : members) append_terms(rules[index], index);
  Set& set = sets_[members[0]];
  set.lead = terms_[at];
  terms_.erase(terms_.begin() + static_cast<ptrdiff_t>(at));
  set.others_at = static_cast<uint32_t>(at);
  set.others = static_cast<uint32_t>(terms_.size() - at);
}

void RuleSets::append_terms(const CompiledRule& rule, RuleIndex index) {
  constexpr ApplicationPath any[] = {0};
  const bool denies = rule.action == Verdict::deny;
  const std::span<const ApplicationPath> paths =
      rule.applications.empty() ? std::span<const ApplicationPath>(any) : rule.applications;
  for (const ServiceRange& services : rule.services)
    for (const ApplicationPath path : paths)
      terms_.push_back({path, static_cast<uint16_t>(index), services.first,
                        static_cast<uint32_t>(layers_of(path)), path == 0 || denies, denies, services.last});
}

void RuleSets::look(RuleIndex first, const Wanted& wanted, Found& found) const {
  const Set& set = sets_[first];
  if (set.others == many) return many_[set.others_at].look(wanted, found);
  meet(set.lead, wanted, found);
  for (const Term& term : std::span(terms_).subspan(set.others_at, set.others)) meet(term, wanted, found);
}

void RuleSets::meet(const Term& term, const Wanted& wanted, Found& found) {
  // Without a branch, since nothing foretells it. A term for any application has no layer, and so the empty
  // path.
  const auto rule = static_cast<RuleIndex>(term.rule);
  const bool in = wanted.service - term.first <= term.last - term.first;
  const bool same = outermost(wanted.application, term.layers) == term.path;
  const bool matches = in & same & (term.takes_guess | !wanted.deny_only);
  keep_earlier(found.matching, matches ? rule : no_rule);
  if (!wanted.open) return;
  const bool maybe = in & (term.layers != 0);
  keep_earlier(found.maybe_allow, (maybe & !term.is_deny) ? rule : no_rule);
  keep_earlier(found.maybe_deny, (maybe & term.is_deny) ? rule : no_rule);
}

}  // namespace vmoat
