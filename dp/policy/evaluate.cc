#include "policy/evaluate.h"

#include <algorithm>

namespace vmoat {
namespace {

bool is_either(const Decision& d, Mode mode) {
  return d.from_mode == mode || d.to_mode == mode;
}

/** What a rule of this action makes of a flow between ends of these modes: a deny rule drops in protect
 * alone. */
void act(Decision& d, Verdict action) {
  const bool denied = action == Verdict::deny;
  d.verdict = denied && is_either(d, Mode::protect) ? Verdict::deny : Verdict::allow;
  d.violation = denied && d.verdict == Verdict::allow;
}

void decide_by_mode(Decision& d) {
  d.verdict = is_either(d, Mode::protect) ? Verdict::deny : Verdict::allow;
  d.violation = is_either(d, Mode::protect) || is_either(d, Mode::monitor);
  d.decided_by = DecidedBy::mode;
}

void decide_by_rule(Decision& d, const Outcome& outcome) {
  act(d, outcome.action);
  d.decided_by = DecidedBy::rule;
  d.rule = outcome.rule;
  d.continuous = outcome.continuous;
}

/** Maybes stand before the rule or mode that would decide: the verdict stands where all would give the same
 * one. Without branches, since nothing foretells them. */
void leave_open(Decision& d, const Found& found) {
  const bool allow = found.maybe_allow < found.matching, deny = found.maybe_deny < found.matching;
  const Verdict denied = is_either(d, Mode::protect) ? Verdict::deny : Verdict::allow;
  const bool agreed = (!allow | (d.verdict == Verdict::allow)) & (!deny | (d.verdict == denied));
  const bool open = allow | deny;
  d.verdict = agreed ? d.verdict : Verdict::none;
  d.violation = d.violation & !open;
  d.final = !open;
  d.decided_by = open ? DecidedBy::none : d.decided_by;
  d.rule = open ? 0 : d.rule;
}

/** A rule that allows by the application does so by its ports; one that denies by it says nothing. */
bool go_by_port(Found& found) {
  const bool by_port = found.maybe_allow < found.matching;
  if (by_port) found.matching = found.maybe_allow;
  found.maybe_allow = found.maybe_deny = no_rule;
  return by_port;
}

/** A rule that allows is the better answer, then one that may still come. */
int rank(const Decision& d) {
  if (d.decided_by == DecidedBy::rule && d.verdict == Verdict::allow && !d.violation && d.final) return 2;
  return d.final ? 0 : 1;
}

}  // namespace

Evaluator::Evaluator(std::shared_ptr<const Policy> policy) : policy_(std::move(policy)) {}

Decision Evaluator::evaluate(const Question& q) const {
  return evaluate(q, policy_->cell(q.from, q.to, q.proto));
}

Decision Evaluator::evaluate(const Question& q, PlanCell* cell) const {
  const Decision forth = one_way(q, cell, q.from, q.to, q.port);
  if (!q.direction_inferred || rank(forth) == 2) return forth;
  Decision back = one_way(q, policy_->cell(q.to, q.from, q.proto), q.to, q.from, q.client_port);
  if (rank(back) <= rank(forth)) return forth;
  back.reversed = true;
  return back;
}

/** Some at a time, and each read of all of them before the next one, so that none waits for memory. */
void Evaluator::evaluate(std::span<const Question> questions, std::span<Decision> decisions) const {
  constexpr size_t at_a_time = 48;
  std::array<PlanCell*, at_a_time> cells;
  for (size_t at = 0; at < questions.size(); at += at_a_time) {
    const auto some = questions.subspan(at, std::min(at_a_time, questions.size() - at));
    for (size_t i = 0; i < some.size(); i++)
      __builtin_prefetch(cells[i] = policy_->cell(some[i].from, some[i].to, some[i].proto));
    for (size_t i = 0; i < some.size(); i++)
      if (cells[i] != nullptr) policy_->plans().prefetch(*cells[i]);
    for (size_t i = 0; i < some.size(); i++)
      if (cells[i] != nullptr) policy_->plans().prefetch_part(*cells[i], some[i].port);
    for (size_t i = 0; i < some.size(); i++) decisions[at + i] = evaluate(some[i], cells[i]);
  }
}

Decision Evaluator::one_way(const Question& q, PlanCell* cell, Identity from, Identity to,
                            uint16_t port) const {
  const Card client = policy_->card(from), server = policy_->card(to);
  Decision d{.from_mode = client.mode, .to_mode = server.mode, .final = true};
  if (is_neighbour_discovery(service_of(q.proto, port))) {
    d.verdict = Verdict::allow;
    return d;
  }
  Found found;
  if (client.is_known && server.is_known)
    found =
        policy_->look(cell, from, to,
                      {service_of(q.proto, port), application_of(q), q.confidence == Confidence::guess,
                       (q.application_by_port || !q.application_final) && q.confidence != Confidence::sure});
  if (q.application_by_port) d.by_port = go_by_port(found);
  if (found.matching == no_rule)
    decide_by_mode(d);
  else
    decide_by_rule(d, policy_->outcome(found.matching));
  leave_open(d, found);
  // what is not known yet may turn out to be what such a rule allows
  if (!d.final) d.continuous = policy_->continuous() != 0;
  d.continuous = d.continuous && !d.by_port && d.verdict == Verdict::allow;
  return d;
}

}  // namespace vmoat
