// The pipeline and rules that are continuous: what the client of such a flow says is read frame by frame, and
// the flow is judged anew as soon as that is no longer its application. The kernel holds every frame of it.
#include "engine/pipeline_impl.h"

namespace vmoat {
namespace {

constexpr uint8_t told_again_after = 64;  // frames: a SYN, or another policy, may have undone it

}  // namespace

void Pipeline::Impl::note_guards(const LivePolicy* policy) {
  const uint64_t rules = policy != nullptr ? policy->policy->continuous() : 0;
  if (std::exchange(continuous_, rules) != rules) continuous_since_ns_ = now_ns_;
  for (uint16_t slot = 0; slot < guarded_since_.size(); slot++) {
    if (!verdicts_.guards(slot)) guarded_since_[slot] = {};
    if (verdicts_.guards(slot) && guarded_since_[slot].told_ns == 0) guarded_since_[slot].told_ns = now_ns_;
  }
}

/** Its client spoke before anybody read what clients say: under other rules, or before its NIC's guard held
 * anything. Its opening vouches for it. */
bool Pipeline::Impl::is_older(const Session& s, uint16_t slot) const {
  const GuardedSince& since = guarded_since_[slot % VMOAT_SLOTS];
  const TcpEnd& client = s.tcp[s.client()];
  const bool was_free = s.first_ns < since.held_ns && s.first_ns < since.told_ns + adoption_ns;
  const bool has_spoken = !client.known || client.next != client.acked;
  return has_spoken && (was_free || s.first_ns < continuous_since_ns_);
}

/** Nothing is read of what does not hang on it. */
void Pipeline::Impl::end_reading(uint32_t number) {
  LiveCount& count = live_count(number);
  const Decision d = verdicts_.decision(number);
  const bool settled = d.verdict == Verdict::deny || (d.verdict == Verdict::allow && !d.continuous);
  if (settled || !verdicts_.is_guarded(table_[number])) readings_.end(std::exchange(count.reading, 0));
}

/** Nothing moves `acked` while we are live: the client's first byte is there. */
Pipeline::Impl::ReadOn Pipeline::Impl::begin_reading(uint32_t number, const Held& held, uint32_t seq) {
  const Session& s = table_[number];
  const Decision d = current(number);
  LiveCount& count = live_count(number);
  const bool wanted = d.verdict == Verdict::none || (d.verdict == Verdict::allow && d.continuous);
  if (count.reading != 0) return ReadOn::yes;
  if (!wanted || count.is_older) return ReadOn::unwanted;
  const bool began = s.has(direction_was_seen) && !s.has(was_picked_up);
  if (began && seq == s.tcp[s.client()].acked)
    return (count.reading = readings_.begin(seq)) != 0 ? ReadOn::yes : ReadOn::early;
  if (is_older(s, held.frame.slot)) return count.is_older = true, ReadOn::unwanted;
  return began ? ReadOn::early : ReadOn::never;
}

/** Reads a held frame of the client's; false where it cannot go on, for what comes before it is missing or
 * there is no room. */
bool Pipeline::Impl::read_on(uint32_t number, const Held& held) {
  const Packet& p = held.turn.packet;
  Session& s = table_[number];
  const bool speaks = p.proto == IPPROTO_TCP && !p.payload.empty() && held.keyed.sender == s.client();
  if (!speaks || held.is_fragment || !verdicts_.has_continuous()) return true;
  const uint32_t seq = p.seq + ((p.tcp_flags & tcp_syn) != 0 ? 1 : 0);
  GuardedSince& since = guarded_since_[held.frame.slot % VMOAT_SLOTS];
  if (since.held_ns == 0) since.held_ns = now_ns_;
  const ReadOn how = begin_reading(number, held, seq);
  if (how == ReadOn::unwanted) return true;
  if (how == ReadOn::early) return false;
  const uint32_t reading = live_count(number).reading;
  if (how == ReadOn::yes && !readings_.read(reading, seq, p.payload)) return false;
  if (!s.has(is_sure) || (reading != 0 && readings_.is_still(reading, s.application))) return true;
  recognition_.lose(s);
  touch(number);
  return true;
}

/** The client's and the server's NIC each hold what they send, where both are guarded; else the one that is
 * holds both ways. */
void Pipeline::Impl::tell_followed(uint32_t number, const Held& held) {
  const int near = held.near();
  const bool passes_there = held.frame.way == VMOAT_TO_NIC && is_held_at(number, 1 - near);
  const bool is_told = live_count(number).was_told[near] && held.frame.number % told_again_after != 0;
  if (is_told && !passes_there) return;
  for (int end = 0; end < 2; end++)
    if (end == near || is_held_at(number, end)) follow_at(number, end, held);
}

bool Pipeline::Impl::is_held_at(uint32_t number, int end) const {
  const Session& s = table_[number];
  return s.has(kernel_flag(end)) && verdicts_.guards(s.slot[end]);
}

void Pipeline::Impl::follow_at(uint32_t number, int end, const Held& held) {
  const Session& s = table_[number];
  LiveCount& count = live_count(number);
  FlowRule rule = {.verdict = {VMOAT_FOLLOW, VMOAT_FOLLOW}, .sender = s.slot[1 - end]};
  count.was_told[end] = true;
  if (is_held_at(number, 1 - end) && s.slot[0] != s.slot[1]) {
    rule.verdict[VMOAT_TO_NIC] = VMOAT_FOLLOWED;
    rule.returned[VMOAT_TO_NIC] = count.returned[end][VMOAT_TO_NIC];
    if (end == held.near() && held.frame.way == VMOAT_TO_NIC) rule.after = VMOAT_TO_NIC;
  }
  control_->rule(end == held.near() ? held.key : kernel_key(s, end), rule);
}

}  // namespace vmoat
