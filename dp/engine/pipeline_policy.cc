// The pipeline asks the policy: of a session that is new, that changed, or that an older policy was asked
// about.
#include "engine/pipeline_impl.h"

namespace vmoat {

void Pipeline::Impl::policy(std::shared_ptr<const LivePolicy> policy) {
  const LivePolicy* given = policy.get();
  verdicts_.take(std::move(policy));
  if (live()) note_guards(given);
  for (const auto& [number, id] : told_later_)
    live_count(number).tells_later = false;  // it was another one's
  told_later_.clear();
  asked_again_ = 0;
  asking_again_ = true;
}

void Pipeline::Impl::ask_policy(uint32_t number) {
  if (!verdicts_.active()) return;
  const Session& s = table_[number];
  const bool is_another = verdicts_.judge(number, s, paths_.at(s.path), now_ns_);
  if (live() && live_count(number).reading != 0) end_reading(number);
  if (!is_another) return;
  touch(number);
  if (live()) unrule(number);
}

/** The answer is another one: guards ask again with the flow's next frame. Not on their way out of protect:
 * what they held by then would be overtaken by what comes when they are off. */
void Pipeline::Impl::unrule(uint32_t number) {
  const Session& s = table_[number];
  for (int end = 0; end < 2; end++)
    if (std::exchange(live_count(number).was_told[end], false) && s.has(kernel_flag(end)) &&
        verdicts_.guards(s.slot[end]))
      tell_kernel(number, kernel_key(s, end), {});
}

/** What waits to be told of the flow is out of date. */
void Pipeline::Impl::tell_kernel(uint32_t number, const vmoat_flow_key& key, const FlowRule& rule) {
  live_count(number).tells_later = false;
  control_->rule(key, rule);
}

/** A channel that another flow announced, or an ICMP error about one. */
bool Pipeline::Impl::is_related(const Session& s) const {
  return s.parent != 0 && paths_.at(s.path).tunnel[0].kind == TunnelKind::none;
}

/** Its number, 0 where it has gone. */
uint32_t Pipeline::Impl::parent_of(uint32_t number) const {
  const uint32_t parent = live_count(number).parent;
  return parent != 0 && table_[parent].id == table_[number].parent ? parent : 0;
}

/** Whose verdict the flow takes: that of the flow which it belongs to, as long as there is one. */
uint32_t Pipeline::Impl::decider_of(uint32_t number) const {
  constexpr int generations_max = 4;
  for (int i = 0; i < generations_max && is_related(table_[number]) && parent_of(number) != 0; i++)
    number = parent_of(number);
  return number;
}

bool Pipeline::Impl::speaks_dhcp(const Session& s) const {
  return s.has(is_sure) && (s.application == dhcp_[0] || s.application == dhcp_[1]);
}

/** Whether a guard keeps the flow from getting through, whatever its own ends are. */
bool Pipeline::Impl::is_denied(uint32_t number, Verdict said) const {
  const Session& s = table_[number];
  if (live_count(number).is_barred) return true;
  if (is_inside(s)) return denies_inside(verdicts_.decision(number));
  return (is_related(s) ? verdicts_.decision(decider_of(number)).verdict : said) == Verdict::deny;
}

/** What the policy says to the flow, and what came of it. DHCP passes a guard without a rule, as ARP does. */
void Pipeline::Impl::write_policy(uint32_t number, FlowRecord& record) const {
  verdicts_.write(number, record);
  if (!live() || !verdicts_.active()) return;
  const LiveCount& count = live_count(number);
  const bool by_mode = record.verdict == Verdict::deny && record.decided_by == DecidedBy::mode;
  if (by_mode && !count.was_denied && speaks_dhcp(table_[number])) {
    record.verdict = Verdict::allow;
    record.decided_by = DecidedBy::none;
    record.flags = static_cast<decltype(record.flags)>(record.flags & ~flow_violation);
  }
  if (count.was_denied && is_denied(number, record.verdict)) record.verdict = Verdict::deny;
  if (record.verdict != Verdict::deny) return;
  if (verdicts_.is_panic() && verdicts_.is_guarded(table_[number]))
    record.decided_by = DecidedBy::panic;
  else if (count.was_denied)
    record.enforced = count.was_reset ? Enforced::reset : Enforced::dropped;
}

/** Without a policy an open session only loses its verdict. */
void Pipeline::Impl::ask_policy_again() {
  for (uint32_t asked = 0; asking_again_ && asked < judged_an_advance; asked++) {
    asked_again_ = table_.next(asked_again_);
    asking_again_ = asked_again_ != 0;
    if (!asking_again_ || table_[asked_again_].state == State::ended) continue;
    if (verdicts_.active())
      ask_policy(asked_again_);
    else
      touch(asked_again_);
  }
}

}  // namespace vmoat
