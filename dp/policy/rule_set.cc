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

RuleSet::RuleSet(std::span<const CompiledRule> rules, std::span<const RuleIndex> members) {
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

void RuleSet::look(const Wanted& wanted, Found& found) const {
  keep_earlier(found.matching, unconditional_.find(wanted.service));
  if (by_application_.empty()) return;
  if (wanted.application != 0) keep_earlier(found.matching, first_by_application(wanted));
  if (!wanted.open) return;
  keep_earlier(found.maybe_allow, allow_.find(wanted.service));
  keep_earlier(found.maybe_deny, deny_.find(wanted.service));
}

RuleIndex RuleSet::first_by_application(const Wanted& wanted) const {
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

}  // namespace vmoat
