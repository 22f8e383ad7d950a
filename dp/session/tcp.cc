// TCP tracking: handshake, ends, and each direction's place in sequence space.
#include "session/tcp.h"

#include <algorithm>

namespace vmoat {

namespace {

constexpr int32_t window_max = 1 << 25;     // farther off is not of this connection, whatever its window
constexpr int32_t window_slack = 1 << 16;   // an acknowledgement on its way may have opened the window
constexpr int32_t pick_up_slack = 1 << 20;  // before the first byte seen of a connection picked up

bool is_new(const Session& s) {
  return s.state == State::fresh;
}

bool has_handshake(const Session& s) {
  return (s.tcp[0].flags & s.tcp[1].flags & tcp_syn) != 0;
}

void begin_at(TcpEnd& end, uint32_t seq) {
  end.next = end.high = end.acked = seq;
  end.known = true;
}

/** How far beyond `next` this end may send by the peer's window, where that is known; RFC 7323 for its scale.
 */
int32_t window_of(const Session& s, int sender, Sight sight) {
  const TcpEnd &me = s.tcp[sender], &peer = s.tcp[1 - sender];
  if (sight != Sight::all || !has_handshake(s)) return window_max;
  const uint32_t bytes = uint32_t{peer.window} << (me.scales && peer.scales ? peer.scale : 0);
  const uint32_t edge = me.acked + std::min<uint32_t>(bytes, window_max);
  return std::min(window_max, distance(me.next, edge) + window_slack);
}

/** The end's own SYN once more: nothing has been sent since, or it is on its way for long. */
bool is_own_syn(const TcpEnd& me, const Packet& p) {
  if (!me.known || (me.flags & tcp_syn) == 0) return false;
  const int32_t since = distance(p.seq + 1, me.next);
  return since >= 0 && since < window_slack;
}

/** A SYN where a connection is known: does it begin another one? RFC 6191 for TIME-WAIT. */
bool is_reuse(const Session& s, int sender, const Packet& p) {
  const TcpEnd &me = s.tcp[sender], &peer = s.tcp[1 - sender];
  const bool answers = (p.tcp_flags & tcp_ack) != 0;
  if (is_new(s)) return false;
  if (s.state == State::closed || s.state == State::ended) return !answers;
  if (s.state == State::half_open || is_own_syn(me, p)) return false;
  if (answers) return peer.asked_anew;  // the peer's SYN was meant and is taken
  return s.state == State::closing;
}

void note_options(TcpEnd& me, const Packet& p) {
  me.scales = p.has_window_scale;
  me.scale = p.window_scale & 15;
  me.answered = me.answered || (p.tcp_flags & tcp_ack) != 0;
}

/** Live, a count may have told of the connection before its SYN. */
void meet_late(Session& s, int sender, const Packet& p) {
  begin_at(s.tcp[sender], p.seq + 1);
  note_options(s.tcp[sender], p);
  s.set_client((p.tcp_flags & tcp_ack) != 0 ? 1 - sender : sender);
  s.set(direction_was_seen);
}

/** RFC 5961 4: a SYN amid a connection changes nothing, unless its receiver has forgotten that. */
void challenge_syn(TcpEnd& me, Packet& p) {
  is_own_syn(me, p) ? me.retransmitted() : p.odd(Anomaly::tcp_challenged);
  me.asked_anew = (p.tcp_flags & tcp_ack) == 0;
}

void open(Session& s, int sender, Packet& p) {
  const bool answers = (p.tcp_flags & tcp_ack) != 0;
  TcpEnd &me = s.tcp[sender], &peer = s.tcp[1 - sender];
  if (is_new(s)) {
    s.state = State::half_open;
    s.set_client(answers ? 1 - sender : sender);
    s.set(direction_was_seen);
  }
  if (s.state != State::half_open) return me.known ? challenge_syn(me, p) : meet_late(s, sender, p);
  // the SYN of a simultaneous open is sent again with an ACK
  const bool again = is_own_syn(me, p) && (me.answered || !answers);
  if (again && p.payload_length == 0) me.retransmitted();
  if (again) return;
  if (!is_own_syn(me, p)) begin_at(me, p.seq + 1);
  note_options(me, p);
  if (me.answered && peer.answered) s.state = State::established;
}

/** The end of a handshake. Both sent SYN: a simultaneous open has both answer (RFC 9293 3.5), a split
 * handshake only the client. */
void finish_opening(Session& s, int sender, Packet& p) {
  const TcpEnd &me = s.tcp[sender], &peer = s.tcp[1 - sender];
  const bool acknowledges = (p.tcp_flags & tcp_ack) != 0 && (sender == s.client() || peer.answered);
  const bool end_missed = p.payload_length > 0;
  if (!acknowledges && !end_missed) return;
  s.state = State::established;
  if (has_handshake(s) && peer.answered && !me.answered && sender != s.client())
    p.odd(Anomaly::tcp_split_handshake);
}

/** RFC 9293 3.10.7.3: what answers a SYN must acknowledge it. */
bool refuses(const Session& s, int sender, const Packet& p) {
  const TcpEnd& peer = s.tcp[1 - sender];
  return !peer.known || ((p.tcp_flags & tcp_ack) != 0 && p.ack == peer.next);
}

/** RFC 5961 3: a reset counts at the next byte due to its receiver, which lies between what that one has
 * acknowledged and what was sent. */
bool reset_is_valid(const Session& s, int sender, const Packet& p, Sight sight) {
  const TcpEnd& me = s.tcp[sender];
  if (sight != Sight::all) return !p.stray;
  if (!me.known) return s.state != State::half_open || refuses(s, sender, p);
  const int32_t slack = s.has(was_picked_up) ? pick_up_slack : 0;
  constexpr int32_t own_fin = 1;
  return distance(me.acked, p.seq) >= -slack && distance(me.high, p.seq) <= own_fin;
}

/** A reset that its receiver drops, or answers with a challenge. */
void name_reset(const Session& s, int sender, Packet& p) {
  const TcpEnd& me = s.tcp[sender];
  const int32_t off = distance(me.acked, p.seq);
  const bool in_window = me.known && off >= 0 && distance(me.next, p.seq) < window_of(s, sender, Sight::all);
  p.odd(in_window || p.stray ? Anomaly::tcp_challenged : Anomaly::tcp_out_of_window);
}

void reset(Session& s, int sender, Packet& p, Sight sight) {
  if (s.state == State::closed) return;
  if (!reset_is_valid(s, sender, p, sight)) return name_reset(s, sender, p);
  s.tcp[sender].flags |= p.tcp_flags;
  s.state = State::closed;
  s.end = FlowEnd::rst;
}

void close(Session& s, int sender) {
  if (s.state == State::closed) return;
  const bool both = (s.tcp[1 - sender].flags & tcp_fin) != 0;
  s.state = both ? State::closed : State::closing;
  if (both) s.end = FlowEnd::fin;
}

void pick_up(Session& s, int sender, const Packet& p) {
  s.state = State::established;
  s.set(was_picked_up);
  if (p.sport != p.dport) s.set_client(p.sport > p.dport ? sender : 1 - sender);
}

/** What is acknowledged but was never seen is missing for good. */
void acknowledge(Session& s, int sender, Packet& p) {
  TcpEnd& other = s.tcp[1 - sender];
  if (!other.known || (p.tcp_flags & (tcp_ack | tcp_rst)) != tcp_ack) return;
  const int32_t unseen = distance(other.next, p.ack), news = distance(other.acked, p.ack);
  if (unseen > window_max) return;
  if (news > 0) other.acked = p.ack;
  if (unseen <= 0) return;
  p.odd(Anomaly::tcp_gap);
  other.gap = true;
  other.next = p.ack;
  if (distance(other.high, p.ack) > 0) other.high = p.ack;
}

/** Data that begins before what is due: all of it known, or its tail new. One byte before it is a keep-alive
 * or a probe of a closed window (RFC 9293 3.8.4, 3.8.6.1). */
Segment repeated(TcpEnd& me, uint32_t seq, int32_t off, Packet& p) {
  const int32_t fresh = off + static_cast<int32_t>(p.payload_length);
  const bool keep_alive = off == -1 && p.payload_length == 1;
  if (keep_alive) return {};
  me.retransmitted();
  if (fresh <= 0) return {Segment::repeated, seq, p.payload};
  p.odd(Anomaly::tcp_overlap);
  me.next += static_cast<uint32_t>(fresh);
  if (distance(me.high, me.next) > 0) me.high = me.next;
  const size_t known = static_cast<size_t>(-off);
  if (known >= p.payload.size()) return {};
  return {Segment::in_order, seq + static_cast<uint32_t>(known), p.payload.subspan(known)};
}

Segment in_order(TcpEnd& me, uint32_t seq, Packet& p) {
  me.next += p.payload_length;
  if (p.payload.size() < p.payload_length) me.gap = true;  // the capture cut it
  // Without the early segments at hand the hole is taken to be filled by its first segment.
  if (me.early == 0 && distance(me.next, me.high) > 0) me.next = me.high;
  if (distance(me.high, me.next) > 0) me.high = me.next;
  return {Segment::in_order, seq, p.payload};
}

Segment place(Session& s, int sender, uint32_t seq, Packet& p, Sight sight) {
  TcpEnd& me = s.tcp[sender];
  if (!me.known) begin_at(me, seq);
  const int32_t off = distance(me.next, seq);
  if (off == 0) return in_order(me, seq, p);
  if (off < -window_max || off > window_of(s, sender, sight))
    return p.odd(Anomaly::tcp_out_of_window), Segment{};
  if (off < 0) return repeated(me, seq, off, p);
  const uint32_t end = seq + p.payload_length;
  if (distance(me.high, end) > 0) me.high = end;
  return {Segment::early, seq, p.payload};
}

void follow_flags(Session& s, int sender, Packet& p, Sight sight) {
  const uint8_t f = p.tcp_flags;
  if ((f & tcp_syn) != 0) {
    open(s, sender, p);
  } else if (is_new(s)) {
    pick_up(s, sender, p);
  } else if (s.state == State::half_open && (f & tcp_rst) == 0) {
    finish_opening(s, sender, p);
  }
  if ((f & (tcp_rst | tcp_syn)) == tcp_rst) return reset(s, sender, p, sight);
  s.tcp[sender].flags |= f;
  if ((f & (tcp_fin | tcp_syn)) == tcp_fin) close(s, sender);
}

/** The FIN has a place of its own behind the data. */
void place_fin(TcpEnd& me, uint32_t seq, const Packet& p) {
  const uint32_t at = seq + p.payload_length;
  if (me.next != at) {
    if (me.next == at + 1 && p.payload_length == 0) me.retransmitted();
    return;
  }
  me.next++;
  if (distance(me.high, me.next) > 0) me.high = me.next;
}

}  // namespace

Segment track_tcp(Session& s, int sender, Packet& p, Sight sight) {
  const bool resets = (p.tcp_flags & tcp_rst) != 0, syn = (p.tcp_flags & tcp_syn) != 0;
  if (syn && !resets && is_reuse(s, sender, p)) return {.kind = Segment::reused};
  follow_flags(s, sender, p, sight);
  if (sight == Sight::flags || resets) return {};
  if (sight == Sight::all) acknowledge(s, sender, p);
  TcpEnd& me = s.tcp[sender];
  me.window = p.window;
  const uint32_t seq = p.seq + (syn ? 1 : 0);
  Segment segment;
  if (p.payload_length > 0) {
    segment = place(s, sender, seq, p, sight);
  } else if (!me.known) {
    begin_at(me, seq);
  }
  if ((p.tcp_flags & tcp_fin) != 0) place_fin(me, seq, p);
  return segment;
}

}  // namespace vmoat
