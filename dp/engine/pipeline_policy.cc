// The pipeline asks the policy: of a session that is new, that changed, or that an older policy was asked
// about.
#include "engine/pipeline_impl.h"

namespace vmoat {
namespace {

/** Of a flow whose application is not known and decides: so many pass each guard. */
constexpr uint32_t opening_frames_max = 32;

/** The key under which the kernel holds a frame's flow. */
vmoat_flow_key key_at(const Packet& p, const Frame& frame) {
  const bool sent = frame.way == VMOAT_FROM_NIC;
  const bool icmp = p.proto == IPPROTO_ICMP || p.proto == IPPROTO_ICMPV6;
  vmoat_flow_key key = {.slot = frame.slot, .proto = p.proto, .family = p.family};
  std::memcpy(key.near, (sent ? p.src : p.dst).bytes(), 16);
  std::memcpy(key.far, (sent ? p.dst : p.src).bytes(), 16);
  key.near_port = sent || icmp ? p.sport : p.dport;
  key.far_port = sent || icmp ? p.dport : p.sport;
  std::copy_n(p.tags, 2, key.tags);
  return key;
}

}  // namespace

void Pipeline::Impl::policy(std::shared_ptr<const LivePolicy> policy) {
  verdicts_.take(std::move(policy));
  asked_again_ = 0;
  asking_again_ = true;
}

void Pipeline::Impl::ask_policy(uint32_t number) {
  if (!verdicts_.active()) return;
  const Session& s = table_[number];
  if (!verdicts_.judge(number, s, paths_.at(s.path), now_ns_)) return;
  touch(number);
  if (live()) unrule(number);
}

/** The answer is another one: guards ask again with the flow's next frame. */
void Pipeline::Impl::unrule(uint32_t number) {
  const Session& s = table_[number];
  for (int end = 0; end < 2; end++)
    if (live_count(number).returned[end] != 0 && s.has(end != 0 ? kernel_high : kernel_low))
      control_->rule(kernel_key(s, end), {});
}

/** The session of a held frame, made of it where its event was lost. 0: it has none, whatever the frame is.
 */
uint32_t Pipeline::Impl::held_session(const Frame& frame, Turn& turn) {
  prepare(frame, turn);
  if (turn.by.path == 0 || turn.packet.fragment) return 0;
  if (const uint32_t number = table_.find(turn.keyed); number != 0 && table_[number].state != State::ended)
    return number;
  const KeyedPacket keyed = turn.keyed;
  const vmoat_flow_key key = key_at(turn.packet, frame);
  Frame counted = frame;
  counted.key = &key;
  take(counted, turn);
  return table_.find(keyed);
}

/** While the application is not known and hangs on it, a little passes: what recognition needs, and no more.
 */
Ruling Pipeline::Impl::rule_session(uint32_t number, int near) {
  const Session& s = table_[number];
  const Verdict verdict = s.parent != 0 ? Verdict::allow : verdicts_.decision(number).verdict;
  const uint32_t returned = ++live_count(number).returned[near];
  if (verdict == Verdict::none) return returned <= opening_frames_max ? Ruling::pass : Ruling::drop;
  const bool deny = verdict == Verdict::deny;
  control_->rule(
      kernel_key(s, near),
      {.verdict = deny ? VMOAT_DENY : VMOAT_ALLOW, .returned = returned, .sender = s.slot[1 - near]});
  if (!deny) return Ruling::pass;
  return s.key.proto() == IPPROTO_TCP ? Ruling::reset : Ruling::drop;
}

/** For an end that is known to be behind another NIC nobody speaks but that one. */
bool Pipeline::Impl::may_speak(const Session& s, int end, uint16_t slot) {
  return s.slot[end] == slot || !s.has(end != 0 ? kernel_high : kernel_low);
}

void Pipeline::Impl::held(const vmoat_flow_key& key, uint32_t segment, uint32_t frames) {
  const KeyedPacket k = keyed_of(key, find_path(key, segment));
  const uint32_t number = table_.find(k);
  if (number == 0) return;
  LiveCount& count = live_count(number);
  const uint32_t missing = frames - count.returned[k.sender];
  if (missing == std::exchange(count.missing[k.sender], missing)) count.returned[k.sender] = frames;
}

Ruling Pipeline::Impl::rule(const Frame& frame) {
  if (!verdicts_.active()) return Ruling::pass;
  now_ns_ = std::max(now_ns_, frame.time_ns);
  Turn& turn = turns_[0];
  const uint32_t number = held_session(frame, turn);
  if (const auto claim = claim_of(turn.packet); claim && !turn.packet.fragment)
    return frame.way == VMOAT_TO_NIC || may_claim(*claim, turn.packet, frame) ? Ruling::pass : Ruling::drop;
  if (number == 0 || !speaks_for_itself(turn.packet, frame)) return Ruling::drop;
  Session& s = table_[number];
  const int near = frame.way == VMOAT_FROM_NIC ? turn.keyed.sender : 1 - turn.keyed.sender;
  const SessionFlags has_entry = near != 0 ? kernel_high : kernel_low;
  if (s.has(has_entry) && s.slot[near] != frame.slot) return Ruling::drop;  // it is another NIC's
  if (frame.way == VMOAT_TO_NIC && frame.sender != no_slot) {
    if (!may_speak(s, 1 - near, frame.sender)) return live_count(number).returned[near]++, Ruling::drop;
    s.slot[1 - near] = frame.sender;
  }
  s.slot[near] = frame.slot;
  s.set(has_entry);
  ask_policy(number);
  const Ruling ruling = rule_session(number, near);
  if (ruling == Ruling::pass) tell_pair(number, near, frame);
  return ruling;
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
