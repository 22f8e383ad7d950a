// The pipeline and rules that are continuous: what the client of such a flow says is read frame by frame, and
// the flow is judged anew as soon as that is no longer its application. The kernel holds every frame of the
// client's.
#include "engine/pipeline_impl.h"

namespace vmoat {
namespace {

constexpr uint8_t told_again_after = 64;  // frames: a SYN, or another policy, may have undone it

}  // namespace

void Pipeline::Impl::note_guards(const LivePolicy* policy) {
  const uint64_t rules = policy != nullptr ? policy->policy->continuous() : 0;
  if (std::exchange(continuous_, rules) != rules) continuous_since_ns_ = now_ns_;
  uint16_t slot = 0;
  for (GuardedSince& since : guarded_since_) {
    const bool guarded = verdicts_.guards(slot++);
    if (!guarded) since = {};
    if (guarded && since.told_ns == 0) since.told_ns = now_ns_;
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
    return (count.reading = readings_.begin(seq, s.spending_slot())) != 0 ? ReadOn::yes : ReadOn::no_room;
  if (is_older(s, held.frame.slot)) return count.is_older = true, ReadOn::unwanted;
  return began ? ReadOn::early : ReadOn::never;
}

/** What a client says from there on waits under it. Never 0. */
uint64_t Pipeline::Impl::ticket_of(uint32_t number, uint32_t seq) const {
  const uint64_t words[] = {table_[number].id, seq};
  return std::max<uint64_t>(1, hash_(words, 2));
}

Pipeline::Impl::ReadOn Pipeline::Impl::read_in_turn(uint32_t number, const Held& held, uint32_t seq) {
  const ReadOn how = begin_reading(number, held, seq);
  if (how != ReadOn::yes) return how;
  switch (readings_.read(live_count(number).reading, seq, held.turn.packet.payload)) {
    case Readings::Read::yes:
      return ReadOn::yes;
    case Readings::Read::early:
      return ReadOn::early;
    case Readings::Read::other:
      return bar_other(number), ReadOn::yes;
    default:
      return ReadOn::unknown;
  }
}

/** Reads a held frame of the client's, which goes on to be ruled on with `pass`. */
Ruling Pipeline::Impl::read_on(uint32_t number, Held& held) {
  const Packet& p = held.turn.packet;
  Session& s = table_[number];
  const bool speaks = p.proto == IPPROTO_TCP && !p.payload.empty() && held.keyed.sender == s.client();
  if (!speaks || held.is_fragment || !verdicts_.has_continuous()) return Ruling::pass;
  const uint32_t seq = p.seq + ((p.tcp_flags & tcp_syn) != 0 ? 1 : 0);
  GuardedSince& since = guarded_since_[held.frame.slot % VMOAT_SLOTS];
  if (since.held_ns == 0) since.held_ns = now_ns_;
  LiveCount& count = live_count(number);
  const ReadOn how = read_in_turn(number, held, seq);
  if (how == ReadOn::unwanted) return Ruling::pass;
  if (how == ReadOn::no_room || how == ReadOn::unknown) return Ruling::refuse;
  if (how == ReadOn::early) return count.has_early = true, held.ticket = ticket_of(number, seq), Ruling::wait;
  if (count.reading != 0 && count.has_early) held.ticket = ticket_of(number, readings_.next(count.reading));
  const bool is_still = count.reading != 0 && readings_.is_still(count.reading, s.application);
  if (s.has(is_sure) && !is_still) recognition_.lose(s), touch(number);
  return Ruling::pass;
}

/** The client's frames are held at its NIC, where that is guarded, else at the server's. */
void Pipeline::Impl::tell_followed(uint32_t number, const Held& held) {
  const int near = held.near();
  const bool is_client = held.keyed.sender == table_[number].client();
  const bool was_read_there = held.frame.way == VMOAT_TO_NIC && is_held_at(number, 1 - near);
  const bool should_pass = !is_client || was_read_there;
  LiveCount& count = live_count(number);
  const vmoat_content content = count.reading != 0 ? readings_.content(count.reading) : vmoat_content{};
  const bool is_told = count.was_told[near] && held.frame.number % told_again_after != 0;
  const bool is_near_content = content.from != content.until;  // which passes once nothing is held before it
  if (is_told && !should_pass && !is_near_content) return;
  for (int end = 0; end < 2; end++)
    if (end == near || is_held_at(number, end)) follow_at(number, end, held);
}

bool Pipeline::Impl::is_held_at(uint32_t number, int end) const {
  const Session& s = table_[number];
  return s.has(kernel_flag(end)) && verdicts_.guards(s.slot[end]);
}

/** Nobody reads what the server says: it passes, in its order. */
void Pipeline::Impl::follow_at(uint32_t number, int end, const Held& held) {
  const Session& s = table_[number];
  LiveCount& count = live_count(number);
  const int client = s.client();
  const vmoat_way said = end == client ? VMOAT_FROM_NIC : VMOAT_TO_NIC;  // by the client
  const bool is_read_there = end != client && is_held_at(number, client) && s.slot[0] != s.slot[1];
  FlowRule rule = {.verdict = {VMOAT_ALLOW, VMOAT_ALLOW}, .sender = s.slot[1 - end]};
  if (count.reading != 0) rule.content = readings_.content(count.reading);
  std::copy_n(count.returned[end], 2, rule.returned);
  rule.verdict[said] = is_read_there ? VMOAT_FOLLOWED : VMOAT_FOLLOW;
  if (end == held.near()) rule.after = held.frame.way;
  count.was_told[end] = true;
  control_->rule(end == held.near() ? held.key : kernel_key(s, end), rule);
}

}  // namespace vmoat
