#include "policy/explain.h"

#include <algorithm>

namespace vmoat {
namespace {

bool has(const std::vector<uint32_t>& groups, uint32_t group) {
  return std::binary_search(groups.begin(), groups.end(), group);
}

bool begins_with(ApplicationPath application, ApplicationPath path) {
  return outermost(application, layers_of(path)) == path;
}

Match by_application(const CompiledRule& rule, const Question& q) {
  const bool same = std::any_of(rule.applications.begin(), rule.applications.end(),
                                [&](ApplicationPath path) { return begins_with(application_of(q), path); });
  if (same && q.confidence == Confidence::sure) return Match::matched;
  if (same && rule.action == Verdict::deny) return Match::matched;
  if (q.confidence == Confidence::sure) return Match::application;
  if (q.application_by_port && rule.action == Verdict::allow) return Match::by_port;
  if (!q.application_final && !q.application_by_port) return Match::maybe;
  if (q.confidence == Confidence::none) return Match::unknown;
  return same ? Match::guess : Match::application;
}

Match match_of(const CompiledRule& rule, const Question& q) {
  const Service service = service_of(q.proto, q.port);
  if (std::none_of(rule.services.begin(), rule.services.end(),
                   [&](const ServiceRange& range) { return range.has(service); }))
    return Match::port;
  return rule.applications.empty() ? Match::matched : by_application(rule, q);
}

EndEvidence end_of(const Policy& policy, Identity identity) {
  const IdentityGroups* known = policy.groups_of(identity);
  return known ? EndEvidence{known->groups, known->mode, known->mode_group} : EndEvidence{};
}

void tell_rules(const Policy& policy, const Question& q, Evidence& evidence) {
  for (const CompiledRule& rule : policy.rules()) {
    if (!has(evidence.from.groups, rule.from) || !has(evidence.to.groups, rule.to)) continue;
    const Match match = match_of(rule, q);
    const bool decides = match == Match::matched || match == Match::by_port;
    if (evidence.rules.size() < explained_max || decides)
      evidence.rules.push_back({rule.number, match});
    else
      evidence.rules_left_out++;
    if (decides) return;
  }
}

}  // namespace

Evidence explain(Evaluator& evaluator, const Question& question) {
  Evidence evidence;
  evidence.decision = evaluator.evaluate(question);
  Question q = question;
  if (evidence.decision.reversed) std::swap(q.from, q.to), std::swap(q.port, q.client_port);
  evidence.from = end_of(evaluator.policy(), q.from);
  evidence.to = end_of(evaluator.policy(), q.to);
  if (!is_neighbour_discovery(service_of(q.proto, q.port))) tell_rules(evaluator.policy(), q, evidence);
  return evidence;
}

}  // namespace vmoat
