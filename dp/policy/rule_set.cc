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

ApplicationTag common_tag(const std::vector<ApplicationPath>& paths) {
  if (paths.empty()) return tag_any;
  const ApplicationTag tag = tag_of(paths[0]);
  const bool same =
      std::all_of(paths.begin(), paths.end(), [&](ApplicationPath path) { return tag_of(path) == tag; });
  return same ? tag : tag_several;
}

}  // namespace

void Conditions::add(const CompiledRule& rule) {
  const std::vector<ApplicationPath>& paths = rule.applications;
  Condition condition{.denies = rule.action == Verdict::deny, .tag = common_tag(paths)};
  condition.others_at = static_cast<uint32_t>(paths_.size());
  if (!paths.empty()) {
    condition.path = paths[0];
    condition.layers = static_cast<uint64_t>(layers_of(paths[0]));
    condition.others = static_cast<uint32_t>(paths.size() - 1);
    paths_.insert(paths_.end(), paths.begin() + 1, paths.end());
  }
  of_.push_back(condition);
}

bool Conditions::names_other(const Condition& condition, ApplicationPath application) const {
  const auto others = std::span(paths_).subspan(condition.others_at, condition.others);
  return std::any_of(others.begin(), others.end(),
                     [&](ApplicationPath path) { return outermost(application, layers_of(path)) == path; });
}

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

RuleSets::RuleSets(std::span<const CompiledRule> rules) : sets_(rules.size()) {
  for (const CompiledRule& rule : rules) conditions_.add(rule);
}

void RuleSets::add(std::span<const CompiledRule> rules, std::span<const RuleIndex> members) {
  Set& set = sets_[members[0]];
  set.terms_at = static_cast<uint32_t>(terms_.size());
  for (const RuleIndex index : members)
    for (const ServiceRange& services : rules[index].services)
      terms_.push_back({services.first, services.last, index});
  set.terms = static_cast<uint32_t>(terms_.size()) - set.terms_at;
  if (set.terms <= few_max) return;
  many_.emplace_back(rules, members);
  set.many = static_cast<uint32_t>(many_.size());
}

void RuleSets::look(RuleIndex first, const Wanted& wanted, Found& found) const {
  if (const uint32_t many = sets_[first].many; many != 0) return many_[many - 1].look(wanted, found);
  for (const Term& term : terms(first)) {
    if (!term.has(wanted.service)) continue;
    const RuleIndex rule = term.rule;
    if (conditions_.matches(rule, wanted)) return keep_earlier(found.matching, rule);
    if (wanted.open) keep_earlier(conditions_.denies(rule) ? found.maybe_deny : found.maybe_allow, rule);
  }
}

}  // namespace vmoat
