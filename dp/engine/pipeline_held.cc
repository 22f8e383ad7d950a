// The pipeline and frames that wait for a verdict: each is ruled on by what its flow may do, what it is
// itself, and what it carries.
#include "engine/pipeline_impl.h"
#include "engine/unread.h"

namespace vmoat {
namespace {

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

DatagramKey datagram_of(const Packet& p, PathNumbers by, const Frame& frame) {
  return {.src = p.src,
          .dst = p.dst,
          .id = p.fragment_id,
          .scope = by.scope,
          .slot = frame.slot,
          .sender = frame.sender,
          .proto = p.family == 4 ? p.proto : uint8_t{0},
          .family = p.family,
          .way = frame.way};
}

bool has_group_mac(const Packet& p) {
  return p.has_macs && (p.dst_mac[0] & 1) != 0;
}

/** Type of an ICMP error (RFC 792, 4443), 0 for whatever else. Each may be about another flow. */
uint8_t error_type(const Session& s) {
  const auto type = static_cast<uint8_t>(s.key.high_port >> 8);
  if (s.key.proto() == IPPROTO_ICMPV6) return type < 128 ? type : 0;
  const bool is_error = type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
  return s.key.proto() == IPPROTO_ICMP && is_error ? type : 0;
}

/** Since no rule is asked about it, only what really is passes: in one piece, and from near (RFC 6980 5, RFC
 * 4861 6.1, 7.1). */
bool says_neighbour_discovery(const Session& s) {
  return is_neighbour_discovery(service_of(s.key.proto(), s.key.high_port));
}

constexpr uint8_t icmp_redirect = 5;

bool is_syn(const Packet& p) {
  return p.proto == IPPROTO_TCP && (p.tcp_flags & (tcp_syn | tcp_ack)) == tcp_syn;
}

/** A SYN amid a connection: its answer will say whether that is another one. */
bool asks_anew(const Session& s, const Packet& p) {
  return s.state != State::fresh && s.state != State::half_open && is_syn(p);
}

/** At a NIC in protect what no rule allows does not pass, though no end of such a flow be in protect. */
Verdict by_rule(const Decision& d) {
  const bool allowed = d.verdict == Verdict::allow && d.decided_by == DecidedBy::rule && !d.violation;
  return d.verdict == Verdict::none || allowed ? d.verdict : Verdict::deny;
}

}  // namespace

HeldRuling Pipeline::Impl::rule(const Frame& frame, bool waited) {
  ruled_ = 0;
  if (!verdicts_.active()) return {Ruling::pass};
  now_ns_ = std::max(now_ns_, frame.time_ns);
  Turn& turn = turns_[0];
  prepare(frame, turn);
  if (const auto claim = claim_of(turn.packet); claim && !turn.packet.fragment)
    return {frame.way == VMOAT_TO_NIC || may_claim(*claim, turn.packet, frame) ? Ruling::pass
                                                                               : Ruling::spoofed};
  if (turn.by.path == 0) return {Ruling::refuse};
  if (!speaks_for_itself(turn.packet, frame)) return {Ruling::spoofed};
  Held held = {.frame = frame, .turn = turn, .keyed = turn.keyed, .key = {}, .is_counted = !waited};
  held.is_to_many = is_to_many(turn.packet.dst) || has_group_mac(turn.packet);
  held.is_to_other = !held.is_to_many && is_to_other(turn.packet, frame);
  if (turn.packet.fragment) return rule_fragment(held);
  held.key = key_at(turn.packet, frame);
  const Ruling ruling = rule_packet(held);
  return {ruling, held.ticket};
}

void Pipeline::Impl::was_reset() {
  if (ruled_ != 0 && !std::exchange(live_count(ruled_).was_reset, true)) touch(ruled_);
}

Ruling Pipeline::Impl::rule_packet(Held& held) {
  const uint32_t number = held_session(held);
  if (number == 0) return Ruling::refuse;
  if (!places(number, held)) return Ruling::drop;
  table_[number].set(sent_flag(held.keyed.sender));  // also where its event was lost
  LiveCount& count = live_count(number);
  count.is_barred |= is_to_own_vtep(held) || misleads(number, held);
  if (count.is_barred) return rule_session(number, held);
  vouch(number, held);
  if (const Ruling again = compare_shown(number, held); again != Ruling::pass)
    return held.returns(count), again;
  if (const Ruling read = read_on(number, held); read != Ruling::pass) return held.returns(count), read;
  return rule_session(number, held);
}

HeldRuling Pipeline::Impl::rule_fragment(Held& held) {
  const Packet& p = held.turn.packet;
  held.is_fragment = true;
  held.is_later = p.fragment_offset != 0;
  if (is_bad_fragment(p)) return {Ruling::refuse};
  const DatagramKey datagram = datagram_of(p, held.turn.by, held.frame);
  if (!held.is_later) return rule_first(held, datagram);
  const DatagramOwner* owner = held_datagrams_.find(datagram, now_ns_);
  if (owner == nullptr) return {Ruling::wait, held_datagrams_.ticket_of(datagram)};
  return rule_later(held, datagram, *owner);
}

/** The first says whose the datagram is, and what has come of it before goes on. */
HeldRuling Pipeline::Impl::rule_first(Held& held, const DatagramKey& datagram) {
  const Packet fragment = held.turn.packet;
  Packet& p = held.turn.packet;
  decode_whole(p);
  held.keyed = key_of(p, held.turn.by.scope, hash_);
  held.key = key_at(p, held.frame);
  const Ruling ruling = rule_packet(held);
  if (ruled_ == 0) return {ruling};
  const DatagramOwner owner = {.session = ruled_,
                               .id = table_[ruled_].id,
                               .key = held.key,
                               .sender = static_cast<int8_t>(held.keyed.sender),
                               .passes = ruling == Ruling::pass};
  if (!held_datagrams_.begin(datagram, fragment, owner, now_ns_)) return {Ruling::refuse};
  return {ruling, held_datagrams_.ticket_of(datagram)};
}

/** What its flow may do now, if the first fragment got through. */
HeldRuling Pipeline::Impl::rule_later(Held& held, const DatagramKey& datagram, DatagramOwner owner) {
  const uint32_t number = owner.session;
  held.key = owner.key;
  held.keyed.sender = static_cast<uint8_t>(owner.sender);
  const bool passes = owner.passes && table_[number].id == owner.id;
  if (!held_datagrams_.add(datagram, held.turn.packet)) return {Ruling::refuse};
  if (passes) return {rule_session(number, held)};
  if (table_[number].id == owner.id) held.returns(live_count(number));
  return {Ruling::drop};
}

/** Made of the frame where its event was lost. 0: there is no room for it. */
uint32_t Pipeline::Impl::held_session(Held& held) {
  if (const uint32_t number = table_.find(held.keyed); number != 0 && table_[number].state != State::ended)
    return number;
  if (held.is_fragment) return held_first(held);
  Frame counted = held.frame;
  counted.key = &held.key;
  take(counted, held.turn);
  return table_.find(held.keyed);
}

/** What a first fragment says beside its ends is read when the datagram is whole. */
uint32_t Pipeline::Impl::held_first(Held& held) {
  Frame counted = held.frame;
  counted.key = &held.key;
  Packet p = held.turn.packet;
  Context context = {.frame = &counted,
                     .path = path_of(counted, p),
                     .parent = 0,
                     .depth = 0,
                     .packets = 1,
                     .bytes = p.length,
                     .kernel_counts = true};
  const uint32_t number = session_of(p, held.keyed, held.turn.by, context);
  if (number == 0) return 0;
  p.layer = Layer::network;
  p.body = p.payload = {};
  session_packet(number, held.keyed.sender, p, context);
  return table_.find(held.keyed);
}

/** For an end that is known to be behind another NIC nobody speaks but that one. */
bool Pipeline::Impl::may_speak(const Session& s, int end, uint16_t slot) {
  return s.slot[end] == slot || !s.has(kernel_flag(end));
}

/** The ends' NICs are those that the frame was held at and came from; false where they are others. */
bool Pipeline::Impl::places(uint32_t number, const Held& held) {
  Session& s = table_[number];
  const int near = held.near();
  const bool is_end = !(held.is_to_many || held.is_to_other) || held.frame.way == VMOAT_FROM_NIC;
  const SessionFlags has_entry = kernel_flag(near);
  const bool is_elsewhere = is_end && s.has(has_entry) && s.slot[near] != held.frame.slot;
  const uint16_t sender = held.frame.way == VMOAT_TO_NIC ? held.frame.sender : no_slot;
  if (is_elsewhere) return false;
  if (sender != no_slot && !may_speak(s, 1 - near, sender)) return held.returns(live_count(number)), false;
  if (sender != no_slot) s.slot[1 - near] = sender;
  if (is_end) s.slot[near] = held.frame.slot, s.set(has_entry);
  return true;
}

Ruling Pipeline::Impl::rule_session(uint32_t number, const Held& held) {
  ruled_ = number;
  LiveCount& count = live_count(number);
  const uint64_t id = table_[number].id;
  const FrameVerdict said = verdict_of(number, held);
  if (table_[number].id != id) return ruled_ = 0, Ruling::refuse;  // it made room for what it carries
  held.returns(count);
  if (said.verdict == Verdict::none) return open(number, held);
  const bool denied = said.verdict == Verdict::deny, is_for_good = said.lasts && !denied;
  const bool follows = said.continuous && !denied;
  const bool hangs_on_it = follows || (count.hangs_on_shown && !denied);
  if (hangs_on_it && held.is_fragment) return Ruling::refuse;  // nobody reads it in pieces
  if (is_for_good && asks_anew(table_[number], held.turn.packet)) return Ruling::pass;
  if (is_for_good && count.reading == 0 && !is_vouched(number))
    return tell_unvouched(number, held), Ruling::pass;
  if (said.lasts) forget_shown(number);
  if (follows) return tell_followed(number, held), Ruling::pass;
  if (said.lasts) tell_rule(number, held, denied);
  if (is_for_good && !held.is_fragment && !held.is_to_other) tell_others(number, held);
  if (!denied) return Ruling::pass;
  if (!std::exchange(count.was_denied, true)) touch(number);
  return held.key.proto == IPPROTO_TCP && !held.is_fragment ? Ruling::reset : Ruling::drop;
}

/** An allowed flow is known at its other end, and the next one like it at both. */
void Pipeline::Impl::tell_others(uint32_t number, const Held& held) {
  tell_pair(number, held, VMOAT_ALLOW);
  Session& s = table_[number];
  const int near = held.near(), far = 1 - near;
  if (held.is_to_many || !s.has(kernel_flag(far)) || !verdicts_.guards(s.slot[far])) return;
  live_count(number).was_told[far] = true;
  FlowRule rule = {.verdict = {VMOAT_ALLOW, VMOAT_ALLOW}, .sender = s.slot[near]};
  std::copy_n(live_count(number).returned[far], 2, rule.returned);
  tell_kernel(number, kernel_key(s, far), rule);
}

/** Those who receive what goes to many count each for itself: their order is not waited for. */
void Pipeline::Impl::tell_rule(uint32_t number, const Held& held, bool denied) {
  const int near = held.near();
  const vmoat_verdict verdict = denied ? VMOAT_DENY : VMOAT_ALLOW;
  FlowRule rule = {.verdict = {verdict, verdict}, .sender = table_[number].slot[1 - near]};
  live_count(number).was_told[near] = true;
  if (!denied && !held.is_to_many && !held.is_to_other) {
    std::copy_n(live_count(number).returned[near], 2, rule.returned);
    rule.after = held.frame.way;
  }
  tell_kernel(number, held.key, rule);
}

/** While the application is not known and the verdict hangs on it, a little passes each guard: what
 * recognition needs, and no more. */
Ruling Pipeline::Impl::open(uint32_t number, const Held& held) {
  const int near = held.near();
  LiveCount& count = live_count(number);
  if (!held.is_fragment && !held.is_to_other && is_syn(held.turn.packet))
    tell_pair(number, held, VMOAT_OPENING);
  const EndProtection& most = verdicts_.protection(held.frame.slot);
  if (count.opening_frames[near] >= most.frames_passed() ||
      held.frame.length > most.bytes_passed() - std::min(most.bytes_passed(), count.opening_bytes[near]))
    return count.was_denied = true, Ruling::spent;
  count.opening_frames[near]++;
  count.opening_bytes[near] += held.frame.length;
  return Ruling::pass;
}

/** By the policy in force, of the flow or of the one that it goes with. */
Decision Pipeline::Impl::current(uint32_t number) {
  const uint32_t decider = decider_of(number);
  if (is_related(table_[decider]))
    (void)verdicts_.judge_alone(decider, table_[decider], paths_.at(table_[decider].path), now_ns_);
  else
    ask_policy(decider);
  return verdicts_.decision(decider);
}

Pipeline::Impl::FrameVerdict Pipeline::Impl::verdict_of(uint32_t number, const Held& held) {
  const Session& s = table_[number];
  if (live_count(number).is_barred) return {Verdict::deny, true};
  if (says_neighbour_discovery(s)) return {Verdict::deny, false};  // what is has passed as a claim
  if (error_type(s) != 0) return {verdict_of_error(number, held), false};
  if (held.is_to_many) return verdict_to_many(number, held);
  const Decision d = held.is_to_other ? decision_to_other(number, held) : current(number);
  const bool continuous = d.continuous && !live_count(decider_of(number)).is_older;
  if (held.is_to_other) return {by_rule(d), true, continuous};
  const Verdict verdict = d.verdict;
  const bool tunnel = s.has(is_tunnel) || may_tunnel(held.key.proto, held.key.near_port, held.key.far_port,
                                                     options_.tunnel_ports);
  if (verdict != Verdict::allow || !tunnel) return {verdict, true, continuous};
  return {held.is_later ? Verdict::allow : verdict_carried(number, held), false};
}

/** Where the verdict hangs on what is said, nobody says what its receiver never gets to read. */
bool Pipeline::Impl::misleads(uint32_t number, const Held& held) {
  if (held.is_fragment || held.turn.packet.payload_length == 0) return false;
  if (!is_unread(held.turn.packet, held.frame)) return false;
  (void)current(number);
  const auto foreseen = verdicts_.foreseen(number, table_[number]);
  return foreseen && foreseen->verdict == VMOAT_OPENING;
}

/** Whether an end of the flow is the guest whose NIC holds an error about it, to it or by it. An end that the
 * kernel let in by its cache has no NIC as yet: then who speaks under its address, and may, is that end. */
bool Pipeline::Impl::is_of_guarded(const Session& about, const Held& held) {
  const Packet& p = held.turn.packet;
  const int told = about.key.high == p.dst ? 1 : 0;
  const int guarded = held.frame.way == VMOAT_TO_NIC ? told : 1 - told;
  if (about.has(guarded != 0 ? kernel_high : kernel_low)) return about.slot[guarded] == held.frame.slot;
  return held.frame.way == VMOAT_FROM_NIC && (guarded != 0 ? about.key.high : about.key.low) == p.src;
}

/** Each error by what it is about; about nothing that is known, and where it would turn flows elsewhere, by
 * itself. */
Verdict Pipeline::Impl::verdict_of_error(uint32_t number, const Held& held) {
  if (held.is_later) return Verdict::allow;  // its first fragment passed
  const bool redirects =
      table_[number].key.proto() == IPPROTO_ICMP && error_type(table_[number]) == icmp_redirect;
  const uint32_t about = redirects ? 0 : flow_in_quote(held.turn.packet, held.turn.by.scope);
  if (about != 0 && is_of_guarded(table_[about], held)) return current(about).verdict;
  (void)verdicts_.judge_alone(number, table_[number], paths_.at(table_[number].path), now_ns_);
  return verdicts_.decision(number).verdict;
}

/** Its receiver is who has that address: that the kernel has an entry at the NIC which it came to makes
 * nobody of that NIC's guest. */
Decision Pipeline::Impl::decision_to_other(uint32_t number, const Held& held) {
  const Session& s = table_[number];
  const Decision of_flow = current(number);
  if (is_related(s)) return of_flow;
  return verdicts_.by_address(number, s, 1 - held.keyed.sender, paths_.at(s.path), now_ns_);
}

/** An address that is one end's, in a frame to all of a segment: may be the subnet's broadcast, which nobody
 * here knows. */
Pipeline::Impl::FrameVerdict Pipeline::Impl::verdict_to_many(uint32_t number, const Held& held) {
  const Session& s = table_[number];
  const int end = 1 - held.keyed.sender;
  const bool known = is_to_many(end != 0 ? s.key.high : s.key.low);
  Decision d = current(number);
  if (!known) d = verdicts_.to_all(number, s, end, paths_.at(s.path));
  return {is_related(s) ? d.verdict : by_rule(d), known};
}

/** A tunnel's later fragments go with the first, which has the headers. */
Verdict Pipeline::Impl::verdict_carried(uint32_t number, const Held& held) {
  const Context context = {.frame = &held.frame,
                           .path = path_of(held.frame, held.turn.packet),
                           .parent = 0,
                           .depth = 0,
                           .packets = 0,
                           .bytes = 0};
  Packet packet = held.turn.packet;
  return verdict_inside(packet, number, context);
}

Verdict Pipeline::Impl::verdict_inside(Packet& packet, uint32_t number, const Context& context) {
  const Inner inner = inner_of(packet, options_.tunnel_ports);
  if (inner.kind == TunnelKind::none || inner.ethertype == 0 || inner.bytes.empty()) return Verdict::allow;
  if (context.depth >= tunnel_depth_max) return Verdict::deny;
  Packet carried;
  Context there = enter(inner, packet.cut, context, number, carried);
  return carried.layer >= Layer::network ? verdict_of_inner(carried, there) : Verdict::allow;
}

Verdict Pipeline::Impl::verdict_of_inner(Packet& p, Context& context) {
  const PathNumbers by = paths_.find(context.path);
  const bool is_near_and_whole = p.ttl == 255 && !p.fragment;
  const uint32_t number = by.path != 0 ? inner_session(p, by, context) : 0;
  if (number == 0) return Verdict::deny;
  const bool is_false = says_neighbour_discovery(table_[number]) && !is_near_and_whole;
  if (!is_false && !denies_inside(current(number))) return verdict_inside(p, number, context);
  if (!std::exchange(live_count(number).was_denied, true)) touch(number);
  return Verdict::deny;
}

/** Not counted: its event is. 0: nobody can say what it is. */
uint32_t Pipeline::Impl::inner_session(Packet& p, PathNumbers by, Context& context) {
  if (p.fragment) return inner_fragment(p, by, context);
  const uint32_t number = session_of(p, key_of(p, by.scope, hash_), by, context);
  if (number != 0 && table_[number].link.list == 0) table_.schedule(number);
  return number;
}

/** Those within a tunnel do not wait for their first one. */
uint32_t Pipeline::Impl::inner_fragment(Packet& p, PathNumbers by, Context& context) {
  const DatagramKey datagram = datagram_of(p, by, *context.frame);
  if (is_bad_fragment(p)) return 0;
  if (p.fragment_offset != 0) {
    const DatagramOwner* owner = held_datagrams_.find(datagram, now_ns_);
    const uint32_t number = owner != nullptr && table_[owner->session].id == owner->id ? owner->session : 0;
    return number != 0 && held_datagrams_.add(datagram, p) ? number : 0;
  }
  const Packet fragment = p;
  decode_whole(p);
  const uint32_t number = inner_session(p, by, context);
  if (number == 0) return 0;
  const DatagramOwner owner = {.session = number, .id = table_[number].id, .key = {}, .passes = true};
  return held_datagrams_.begin(datagram, fragment, owner, now_ns_) ? number : 0;
}

/** Whatever rules say: it would speak into other segments. */
bool Pipeline::Impl::is_to_own_vtep(const Held& held) const {
  const Packet& p = held.turn.packet;
  const auto is_in = [&](const TunnelPorts::List& ports) {
    return p.dport != 0 && std::find(ports.begin(), ports.end(), p.dport) != ports.end();
  };
  if (held.frame.way != VMOAT_FROM_NIC || p.proto != IPPROTO_UDP) return false;
  return (is_in(options_.tunnel_ports.vxlan) || is_in(options_.tunnel_ports.geneve)) && watch_.is_host(p.dst);
}

}  // namespace vmoat
