// The pipeline's sessions: made, counted, tracked, recognised, ended, reported.
#include "base/endian.h"
#include "engine/pipeline_impl.h"
#include "threats/amplifiers.h"

namespace vmoat {

uint32_t Pipeline::Impl::make_session(const KeyedPacket& k, uint32_t path, uint32_t parent, int64_t now_ns) {
  const uint64_t parent_id = parent != 0 ? table_[parent].id : 0;  // before there is made room
  uint32_t number = table_.make(k, now_ns);
  if (number == 0 && make_room()) number = table_.make(k, now_ns);
  if (number == 0) {
    counters_.sessions_refused++;
    return 0;
  }
  Session& s = table_[number];
  s.id = next_id_;
  next_id_ += options_.flow_id_step;
  s.parent = parent_id;
  s.path = path;
  paths_.hold(path);
  recognition_.begin(s);
  counters_.sessions++;
  if (live()) live_count(number) = {.parent = parent};
  verdicts_.begin(number);
  return number;
}

/** The session of a packet; a new connection on a known key ends the old one. */
uint32_t Pipeline::Impl::session_of(Packet& p, const KeyedPacket& k, PathNumbers by, Context& context) {
  uint32_t number = table_.find(k);
  if (number != 0 && table_[number].state != State::ended) return number;
  number = number != 0 ? replace_session(number, k, by.path, context)  // the kernel's last count is late
                       : make_session(k, by.path, context.parent, context.frame->time_ns);
  if (number == 0) return 0;
  if (const uint32_t flow = flow_in_quote(p, by.scope); flow != 0) set_parent(number, flow);
  begin_ends(table_[number], p, k.sender);
  meet_expectation(number);
  return number;
}

void Pipeline::Impl::set_parent(uint32_t number, uint32_t parent) {
  table_[number].parent = table_[parent].id;
  if (live()) live_count(number).parent = parent;
}

/** Whether the connection can have sent the segment that an error quotes, as far as it is followed: who
 * forges an error has to guess its sequence number (RFC 5927). */
bool Pipeline::Impl::quote_fits(const Session& s, int sender, const Packet& about) const {
  constexpr int32_t slack = 1 << 24;
  const TcpEnd& end = s.tcp[sender];
  if (s.key.proto() != IPPROTO_TCP) return true;
  if (about.body.size() < 8) return false;
  if (!end.known || (live() && !Recognition::wants_more(s))) return true;
  const int32_t ahead = distance(end.high, load_be32(&about.body[4]));
  return ahead >= -slack && ahead <= slack;
}

/** An ICMP error belongs to the flow whose packet it quotes, and goes to who sent that (RFC 792, 4443). 0:
 * none that is known. */
uint32_t Pipeline::Impl::flow_in_quote(const Packet& p, uint32_t scope) const {
  const Bytes quote = quote_of(p);
  if (quote.empty()) return 0;
  Packet about;
  decode({.ethertype = p.family == 6 ? ethertype_ipv6 : ethertype_ipv4, .bytes = quote}, true, about);
  if (about.layer < Layer::network || about.fragment || about.src != p.dst) return 0;
  const KeyedPacket k = key_of(about, scope, hash_);
  const uint32_t number = table_.find(k);
  return number != 0 && quote_fits(table_[number], k.sender, about) ? number : 0;
}

void Pipeline::Impl::go_on_counting(LiveCount& count, const LiveCount& before) {
  std::memcpy(count.packets, before.packets, sizeof count.packets);
  std::memcpy(count.bytes, before.bytes, sizeof count.bytes);
  std::memcpy(count.retransmissions, before.retransmissions, sizeof count.retransmissions);
  std::memcpy(count.returned, before.returned, sizeof count.returned);
}

/** A session ends and another one begins with the same key. The kernel may go on in one entry: what that has
 * counted so far stays with the old session, and what was said of that one holds no more. */
uint32_t Pipeline::Impl::replace_session(uint32_t number, const KeyedPacket& k, uint32_t path,
                                         const Context& context) {
  const FlowEnd end = table_[number].end;
  LiveCount counted{};
  if (live()) counted = live_count(number), unrule(number);
  paths_.hold(path);
  emit(number, end == FlowEnd::open ? FlowEnd::timeout : end);
  number = make_session(k, path, context.parent, context.frame->time_ns);
  paths_.release(path);
  if (number != 0 && live()) go_on_counting(live_count(number), counted);
  return number;
}

void Pipeline::Impl::begin_ends(Session& s, const Packet& p, int sender) {
  s.set_client(p.reply ? 1 - sender : sender);
  if (p.has_macs) s.mac[1 - sender] = p.dst_mac;
  if (p.proto != IPPROTO_TCP) s.set(direction_was_seen);
  if (p.proto == IPPROTO_UDP) infer_client(s, sender);
}

/** The first packet seen may be an answer: a known listener's, or from an application's port to none. */
void Pipeline::Impl::infer_client(Session& s, int sender) {
  const uint16_t from = sender != 0 ? s.key.high_port : s.key.low_port;
  const uint16_t to = sender != 0 ? s.key.low_port : s.key.high_port;
  const bool serves = recognition_.is_udp_port(from) || can_amplify(from);
  const bool answers = from < to && serves && !recognition_.is_udp_port(to);
  if (!answers) return;
  s.set_client(1 - sender);
  s.clear(direction_was_seen);
}

void Pipeline::Impl::add_count(uint32_t number, int sender, uint64_t packets, uint64_t bytes) {
  Session& s = table_[number];
  s.packets[sender] += packets;
  s.bytes[sender] += bytes;
  if (!live()) return;
  Since& since = live_count(number).since;
  since.packets[sender] += packets;
  since.bytes[sender] += bytes;
}

/** Offline there is but one record of a session. */
Since Pipeline::Impl::since_last_record(uint32_t number) const {
  if (live()) return live_count(number).since;
  const Session& s = table_[number];
  return {{s.packets[0], s.packets[1]}, {s.bytes[0], s.bytes[1]}};
}

/** An end's first packet: its MAC is its own, whatever the other end believed. */
void Pipeline::Impl::meet_end(Session& s, int sender, const Packet& p, const Context& context) {
  const SessionFlags sent = sent_flag(sender);
  if (s.has(sent)) return;
  s.set(sent);
  if (p.has_macs) s.mac[sender] = p.src_mac;
  if (context.depth == 0) learn_sender(p, *context.frame);
}

/** Not TCP: answered once both ends have spoken. */
void Pipeline::Impl::track_answer(Session& s) {
  const bool both = s.has(sent_low) && s.has(sent_high);
  if (s.state == State::fresh) s.state = State::unanswered;
  if (both) s.state = State::answered;
}

/** Inside a tunnel the engine sees every packet. */
bool Pipeline::Impl::is_inside(const Session& s) const {
  return s.parent != 0 && paths_.at(s.path).tunnel[0].kind != TunnelKind::none;
}

Segment Pipeline::Impl::track(Session& s, int sender, Packet& p, const Context& context) {
  if (p.proto != IPPROTO_TCP) return track_answer(s), Segment{};
  if (p.layer != Layer::transport) {  // a header that cannot be read moves no connection
    if (s.state == State::fresh) s.state = State::unanswered;
    return {};
  }
  if (s.state == State::unanswered) s.state = State::fresh;
  const Sight sight = !live() || is_inside(s)      ? Sight::all
                      : Recognition::wants_more(s) ? Sight::data
                                                   : Sight::flags;
  const bool answered = (p.tcp_flags & (tcp_syn | tcp_ack)) == (tcp_syn | tcp_ack);
  const bool fresh = s.state == State::fresh;
  const uint32_t retransmissions = s.tcp[sender].retransmissions;
  p.stray = context.depth == 0 &&
            ((context.frame->reason & VMOAT_STRAY) != 0 || is_foreign(s, sender, *context.frame));
  const Segment segment = track_tcp(s, sender, p, sight);
  if (sight != Sight::all) s.tcp[sender].retransmissions = retransmissions;  // the kernel counts them
  if (answered && s.client() != sender && (s.tcp[1 - sender].flags & tcp_syn) != 0) listeners_.add(s, sender);
  if (fresh && s.has(was_picked_up)) {
    counters_.picked_up++;
    if (listeners_.has(s, 0) != listeners_.has(s, 1)) s.set_client(listeners_.has(s, 0) ? 1 : 0);
  }
  return segment;
}

void Pipeline::Impl::session_packet(uint32_t number, int sender, Packet& p, Context& context) {
  const int64_t now_ns = context.frame->time_ns;
  State before = table_[number].state;
  meet_end(table_[number], sender, p, context);
  Segment segment = track(table_[number], sender, p, context);
  if (segment.kind == Segment::reused) {
    const KeyedPacket k = {table_[number].key, table_[number].hash, static_cast<uint8_t>(sender)};
    number = replace_session(number, k, table_[number].path, context);
    if (number == 0) return;
    before = State::fresh;
    begin_ends(table_[number], p, sender);
    meet_expectation(number);
    meet_end(table_[number], sender, p, context);
    segment = track(table_[number], sender, p, context);
  }
  Session& s = table_[number];
  s.last_ns = std::max(s.last_ns, now_ns);
  if (live()) meet_kernel(s, sender, context);
  if (!context.kernel_counts) add_count(number, sender, context.packets, context.bytes);
  context.session = number;
  if (!is_ordinary(p, before)) judge(number, sender, p, context, before);
  heard_ = {&p, context.frame, number};
  follow(number, sender, p, segment);
  s.anomalies |= p.anomalies | context.anomalies;
  if (s.state != before || s.link.list == 0) table_.schedule(number);
  ask_policy(number);
  if (live()) touch(number);
}

/** Hands what is new to the recognisers. */
void Pipeline::Impl::follow(uint32_t number, int sender, Packet& p, const Segment& segment) {
  Session& s = table_[number];
  if (s.has(is_tunnel)) return;
  if (!Recognition::wants_more(s, sender)) return;
  const bool was_followed = s.has(is_followed), was_sought = !s.has(is_decided);
  if (p.proto == IPPROTO_TCP) {
    if (segment.kind != Segment::none || s.tcp[0].gap || s.tcp[1].gap)
      recognition_.segment(s, sender, p, segment);
  } else {
    recognition_.datagram(s, sender, p.payload, p.cut);
  }
  if (!recognition_.announcements().empty()) announce(number);
  if (!recognition_.leases().empty()) learn_leases(paths_.at(s.path).segment, s.last_ns);
  if (live()) answer(s, was_followed, was_sought);
}

void Pipeline::Impl::end_session(uint32_t number, FlowEnd end) {
  if (live() && leave_kernel(number, end)) return;
  emit(number, end);
}

/** The session's last record; it is gone then. */
void Pipeline::Impl::emit(uint32_t number, FlowEnd end) {
  Session& s = table_[number];
  recognition_.finish(s);
  if (is_end_told(s)) judge_end(s, end);
  if (verdicts_.active()) (void)verdicts_.judge(number, s, paths_.at(s.path), now_ns_, true);
  FlowRecord record = record_of(s, since_last_record(number), paths_.at(s.path), end);
  write_policy(number, record);
  batch_.add(record, recognition_.facts(s));
  counters_.flow_records++;
  recognition_.drop(s);
  if (live()) readings_.end(live_count(number).reading), forget_shown(number);
  paths_.release(s.path);
  s.clear(is_dirty);
  table_.erase(number);
  if (batch_.full()) flush();
}

bool Pipeline::Impl::make_room() {
  const uint32_t number = table_.victim();
  if (number == 0) return false;
  switch (table_[number].state) {
    case State::half_open:
      counters_.evicted_half_open++;
      break;
    case State::unanswered:
      counters_.evicted_unanswered++;
      break;
    default:
      counters_.evicted_other++;
  }
  Session& s = table_[number];
  if (live())
    for (int end = 0; end < 2; end++)
      if (s.has(kernel_flag(end))) control_->forget(kernel_key(s, end));
  emit(number, s.end == FlowEnd::open ? FlowEnd::evicted : s.end);
  return true;
}

void Pipeline::Impl::flush() {
  if (batch_.empty()) return;
  sink_.flows(batch_.finish());
  batch_.clear();
}

}  // namespace vmoat
