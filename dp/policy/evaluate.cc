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
}

/** A maybe stands before the rule or mode that would decide: the verdict stands where it would be the same.
 */
void leave_open(Decision& d, Verdict action) {
  const Verdict so_far = d.verdict;
  act(d, action);
  if (d.verdict != so_far) d.verdict = Verdict::none;
  d.violation = d.final = false;
  d.decided_by = DecidedBy::none;
  d.rule = 0;
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

Decision Evaluator::evaluate(const Question& question) {
  if (const Decision* known = answers_.find(question)) return *known;
  const Decision decision = work_out(question);
  answers_.keep(question, decision);
  return decision;
}

Decision Evaluator::work_out(const Question& q) {
  const Decision forth = one_way(q, q.from, q.to, q.port);
  if (!q.direction_inferred || rank(forth) == 2) return forth;
  Decision back = one_way(q, q.to, q.from, q.client_port);
  if (rank(back) <= rank(forth)) return forth;
  back.reversed = true;
  return back;
}

void Evaluator::evaluate(std::span<const Question> questions, std::span<Decision> decisions) {
  constexpr size_t ahead = 8;  // far enough that what is kept is there when its turn comes
  for (size_t i = 0; i < questions.size(); i++) {
    if (i + ahead < questions.size()) {
      const Question& next = questions[i + ahead];
      answers_.prefetch(next);
      policy_->prefetch(next.from, next.to);
    }
    decisions[i] = evaluate(questions[i]);
  }
}

Decision Evaluator::one_way(const Question& q, Identity from, Identity to, uint16_t port) {
  const Card *client = policy_->known(from), *server = policy_->known(to);
  Decision d{.from_mode = client ? client->mode : Mode::none,
             .to_mode = server ? server->mode : Mode::none,
             .final = true};
  Found found = client && server ? look(q, *client, *server, port) : Found{};
  if (q.application_by_port) d.by_port = go_by_port(found);
  if (found.matching == no_rule)
    decide_by_mode(d);
  else
    decide_by_rule(d, policy_->outcome(found.matching));
  if (found.maybe_allow < found.matching) leave_open(d, Verdict::allow);
  if (found.maybe_deny < found.matching) leave_open(d, Verdict::deny);
  return d;
}

Found Evaluator::look(const Question& q, const Card& from, const Card& to, uint16_t port) const {
  const bool open = (q.application_by_port || !q.application_final) && q.confidence != Confidence::sure;
  const Wanted wanted{service_of(q.proto, port), application_of(q), q.confidence == Confidence::guess, open};
  Found found;
  policy_->look(from, to, wanted, found);
  return found;
}

}  // namespace vmoat
