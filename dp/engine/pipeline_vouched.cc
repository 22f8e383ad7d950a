// The pipeline and who vouches for what recognition was shown. A receiver may throw away what we read (an old
// timestamp, an option that it does not expect) and take something else that is sent in its place. So where a
// verdict hangs on what a client said, what it says again has to be the same, until its server has
// acknowledged it: that reads nothing else there any more (RFC 9293, 3.4).
#include "engine/pipeline_impl.h"

namespace vmoat {

/** What comes after the verdict does not matter to it. Whether any end is guarded shows with the first frame
 * that is held. */
void Pipeline::Impl::shown(const Session& s, int sender, Bytes said) {
  const uint32_t number = heard_.session;
  const bool is_its_beginning = s.has(direction_was_seen) && !s.has(was_picked_up);
  if (s.key.proto() != IPPROTO_TCP || sender != s.client() || !is_its_beginning) return;
  LiveCount& count = live_count(number);
  const uint32_t first = s.tcp[sender].acked;  // nothing moves that while we are live
  if (!std::exchange(count.was_shown, true)) count.shown_next = count.acked = first;
  const uint32_t seq = std::exchange(count.shown_next, count.shown_next + static_cast<uint32_t>(said.size()));
  const bool hangs = verdicts_.active() && verdicts_.decision(number).verdict == Verdict::none;
  if (!hangs || s.parent != 0) return;
  if (!std::exchange(count.hangs_on_shown, true)) count.shown = StreamLog::begin(seq, s.spending_slot());
  shown_.keep(count.shown, seq, said);
}

void Pipeline::Impl::forget_shown(uint32_t number) {
  LiveCount& count = live_count(number);
  if (std::exchange(count.hangs_on_shown, false)) shown_.drop(count.shown);
}

/** Its server has read so much of it. */
void Pipeline::Impl::vouch(uint32_t number, const Held& held) {
  const Packet& p = held.turn.packet;
  LiveCount& count = live_count(number);
  const bool by_server = held.keyed.sender != table_[number].client() && !held.is_fragment;
  if (!count.hangs_on_shown || !by_server || (p.tcp_flags & tcp_ack) == 0) return;
  if (distance(count.acked, p.ack) > 0) count.acked = p.ack;
}

bool Pipeline::Impl::is_vouched(uint32_t number) const {
  const LiveCount& count = live_count(number);
  return !count.hangs_on_shown || distance(count.acked, count.shown.until) <= 0;
}

/** Whether a frame of the client's may be what recognition was shown in its place; `refuse` where nobody
 * knows any more. */
Ruling Pipeline::Impl::compare_shown(uint32_t number, const Held& held) {
  const Packet& p = held.turn.packet;
  const LiveCount& count = live_count(number);
  const bool by_client = held.keyed.sender == table_[number].client() && !held.is_fragment;
  if (!count.hangs_on_shown || !by_client || p.payload.empty()) return Ruling::pass;
  const uint32_t seq = p.seq + ((p.tcp_flags & tcp_syn) != 0 ? 1 : 0);
  const int32_t read = std::max(distance(seq, count.acked), 0);
  const Bytes unread = p.payload.subspan(std::min<size_t>(static_cast<size_t>(read), p.payload.size()));
  if (unread.empty()) return Ruling::pass;
  switch (shown_.compare(count.shown, seq + static_cast<uint32_t>(read), unread)) {
    case StreamLog::Match::same:
      return Ruling::pass;
    case StreamLog::Match::other:
      return bar_other(number), Ruling::pass;
    default:
      return Ruling::refuse;
  }
}

/** The flow is denied: it says in one place now this, now that. */
void Pipeline::Impl::bar_other(uint32_t number) {
  live_count(number).is_barred = true;
  table_[number].anomalies |= bit(Anomaly::tcp_overlap_differs);
  touch(number);
}

/** Until its server has acknowledged what the verdict hangs on, what the client of an allowed flow says is
 * held once: where it comes from, if that is guarded. The kernel sees the acknowledgement by itself, unless
 * the client goes on to speak. */
void Pipeline::Impl::tell_unvouched(uint32_t number, const Held& held) {
  const Session& s = table_[number];
  LiveCount& count = live_count(number);
  const int client = s.client(), near = held.near();
  if (count.was_told[near]) return;
  for (int end = 0; end < 2; end++) {
    if (end != near && !is_held_at(number, end)) continue;
    const vmoat_way said = end == client ? VMOAT_FROM_NIC : VMOAT_TO_NIC;  // by the client
    const bool is_read_there = end != client && is_held_at(number, client) && s.slot[0] != s.slot[1];
    FlowRule rule = {.sender = s.slot[1 - end], .content = {count.shown.until, 0}};
    rule.verdict[said] = is_read_there ? VMOAT_FOLLOWED : VMOAT_UNDECIDED;
    rule.verdict[1 - said] = VMOAT_ANSWER;
    std::copy_n(count.returned[end], 2, rule.returned);
    if (end == near && rule.verdict[held.frame.way] != VMOAT_UNDECIDED) rule.after = held.frame.way;
    count.was_told[end] = true;
    tell_kernel(number, end == near ? held.key : kernel_key(s, end), rule);
  }
}

}  // namespace vmoat
