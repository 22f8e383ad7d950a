// The pipeline and rules that are continuous: what the client of such a flow says is read frame by frame, and
// the flow is judged anew as soon as that is no longer its application. The kernel holds every frame of the
// client's.
#include "engine/pipeline_impl.h"

namespace vmoat {
namespace {

constexpr uint8_t told_again_after = 64;  // frames: a SYN, or another policy, may have undone it
constexpr uint8_t told_in_vain_max = 16;
constexpr size_t told_later_max = 4096;
constexpr uint32_t no_end = std::numeric_limits<int32_t>::max();  // in sequence space

/** It is told for the sake of what comes behind it. */
bool hangs_on_head(vmoat_content content) {
  return vmoat_content_head(content) != VMOAT_NO_HEAD &&
         vmoat_content_bytes(content) < Readings::content_bytes_min;
}

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

/** What its client says from there on waits with it. */
Ticket Pipeline::Impl::ticket_at(uint32_t number, uint32_t seq) const {
  const uint64_t words[] = {table_[number].id};
  return {std::max<uint64_t>(1, hash_(words, 1)), seq};
}

/** How far what its client says can be ruled on by now. */
Ticket Pipeline::Impl::line_now(uint32_t number) {
  const LiveCount& count = live_count(number);
  if (count.reading == 0 || !count.has_early) return {};
  return ticket_at(number, readings_.content(count.reading).until);
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

/** What is missing will not come: it passed while the engine was away, or in panic. By the kernel's word
 * alone: who leaves something out is read no less. */
bool Pipeline::Impl::has_passed_unread(uint32_t number, const Held& held) {
  if (control_->unread_ns(held.key) < table_[number].first_ns) return false;
  live_count(number).is_older = true;
  readings_.end(std::exchange(live_count(number).reading, 0));
  return true;
}

/** Nor does anything of it wait to be read. */
Ruling Pipeline::Impl::pass_unread(uint32_t number, Held& held, uint32_t seq) {
  if (live_count(number).has_early) held.ticket = ticket_at(number, seq + no_end);
  return Ruling::pass;
}

/** Reads a held frame of the client's, which goes on to be ruled on with `pass`. */
Ruling Pipeline::Impl::read_on(uint32_t number, Held& held) {
  const Packet& p = held.turn.packet;
  Session& s = table_[number];
  const bool speaks = p.proto == IPPROTO_TCP && !p.payload.empty() && held.keyed.sender == s.client();
  if (!speaks || held.is_fragment) return Ruling::pass;
  const uint32_t seq = p.seq + ((p.tcp_flags & tcp_syn) != 0 ? 1 : 0);
  if (!verdicts_.has_continuous()) return pass_unread(number, held, seq);
  GuardedSince& since = guarded_since_[held.frame.slot % VMOAT_SLOTS];
  if (since.held_ns == 0) since.held_ns = now_ns_;
  LiveCount& count = live_count(number);
  const ReadOn how = read_in_turn(number, held, seq);
  const bool is_missed = how == ReadOn::early && has_passed_unread(number, held);
  if (how == ReadOn::unwanted || is_missed) return pass_unread(number, held, seq);
  if (how == ReadOn::no_room || how == ReadOn::unknown) return Ruling::refuse;
  if (how == ReadOn::early) {
    count.has_early = true;
    return held.ticket = ticket_at(number, seq), Ruling::wait;
  }
  held.ticket = line_now(number);
  const bool is_still = count.reading != 0 && readings_.is_still(count.reading, s.application);
  if (s.has(is_sure) && !is_still) recognition_.lose(s), touch(number);
  return Ruling::pass;
}

/** What the kernel has read and let pass: it may be said again, and what comes behind may be held. */
Ticket Pipeline::Impl::read_told(const vmoat_flow_key& key, uint32_t segment, const vmoat_heads& told) {
  const PathNumbers by = find_path(key, segment);
  const uint32_t number = by.path != 0 ? table_.find(keyed_of(key, by)) : 0;
  if (number == 0 || live_count(number).reading == 0) return {};
  Session& s = table_[number];
  LiveCount& count = live_count(number);
  count.told_in_vain = 0;
  bool goes_on = true;
  for (const vmoat_head& head : std::span(told.head).first(std::min<size_t>(told.count, VMOAT_HEADS_MAX))) {
    const Bytes said = Bytes(head.bytes).first(std::min<size_t>(head.size, VMOAT_HEAD_BYTES));
    const Readings::Read how = readings_.read(count.reading, head.seq, said);
    if (how == Readings::Read::other) bar_other(number);
    goes_on = goes_on && how == Readings::Read::yes;
  }
  if (s.has(is_sure) && !readings_.is_still(count.reading, s.application)) {
    recognition_.lose(s);
    touch(number);
    goes_on = false;
  }
  if (!goes_on) unrule(number);
  return line_now(number);
}

/** The client's frames are held at its NIC, where that is guarded, else at the server's. What is news of
 * content alone is told when nothing waits any more: behind a held frame the kernel lets none pass by it. */
void Pipeline::Impl::tell_followed(uint32_t number, const Held& held) {
  const int near = held.near();
  const bool is_client = held.keyed.sender == table_[number].client();
  const bool was_read_there = held.frame.way == VMOAT_TO_NIC && is_held_at(number, 1 - near);
  const bool should_pass = !is_client || was_read_there;
  LiveCount& count = live_count(number);
  const bool is_told = count.was_told[near] && held.frame.number % told_again_after != 0;
  if (is_told && !should_pass) return tell_later(number);
  for (int end = 0; end < 2; end++) {
    if (end != near && !is_held_at(number, end)) continue;
    FlowRule rule = followed_at(number, end);
    if (end == near) rule.after = held.frame.way;
    tell_kernel(number, end == near ? held.key : kernel_key(table_[number], end), rule);
  }
}

/** A kernel that has read nothing of what it was told so often reads nothing of such a flow: each answer
 * costs. */
void Pipeline::Impl::tell_later(uint32_t number) {
  LiveCount& count = live_count(number);
  const vmoat_content now = content_of(count);
  const bool is_news = count.told_content.ends != 0 || now.ends != 0;
  const bool is_vain = hangs_on_head(now) && count.told_in_vain >= told_in_vain_max;
  if (!is_news || is_vain || told_later_.size() >= told_later_max) return;
  if (!std::exchange(count.tells_later, true)) told_later_.push_back({number, table_[number].id});
}

/** Of flows of which nothing else was said since. */
void Pipeline::Impl::caught_up() {
  for (const auto& [number, id] : told_later_) {
    if (table_[number].id != id || !std::exchange(live_count(number).tells_later, false)) continue;
    for (int end = 0; end < 2; end++)
      if (live_count(number).was_told[end] && is_held_at(number, end))
        tell_kernel(number, kernel_key(table_[number], end), followed_at(number, end));
  }
  told_later_.clear();
}

vmoat_content Pipeline::Impl::content_of(const LiveCount& count) const {
  return count.reading != 0 ? readings_.content(count.reading) : vmoat_content{};
}

bool Pipeline::Impl::is_held_at(uint32_t number, int end) const {
  const Session& s = table_[number];
  return s.has(kernel_flag(end)) && verdicts_.guards(s.slot[end]);
}

/** Nobody reads what the server says: it passes, in its order. */
FlowRule Pipeline::Impl::followed_at(uint32_t number, int end) {
  const Session& s = table_[number];
  LiveCount& count = live_count(number);
  const int client = s.client();
  const vmoat_way said = end == client ? VMOAT_FROM_NIC : VMOAT_TO_NIC;  // by the client
  const bool is_read_there = end != client && is_held_at(number, client) && s.slot[0] != s.slot[1];
  FlowRule rule = {.verdict = {VMOAT_ALLOW, VMOAT_ALLOW}, .sender = s.slot[1 - end]};
  rule.content = count.told_content = content_of(count);
  if (hangs_on_head(rule.content) && count.told_in_vain < told_in_vain_max) count.told_in_vain++;
  std::copy_n(count.returned[end], 2, rule.returned);
  rule.verdict[said] = is_read_there ? VMOAT_FOLLOWED : VMOAT_FOLLOW;
  count.was_told[end] = true;
  return rule;
}

}  // namespace vmoat
