// TCP tracking: handshake, ends, and each direction's place in sequence space.
#include "session/tcp.h"

#include "base/clock.h"

namespace vmoat {

namespace {

constexpr int32_t window_max = 1 << 25;  // farther off is not of this connection
constexpr int64_t silence_before_reuse_ns = 10 * ns_per_s;

bool is_new(const Session& s) {
  return s.state == State::fresh;
}

void begin_at(TcpEnd& end, uint32_t seq) {
  end.next = end.high = seq;
  end.known = true;
}

/** A SYN on a session that exists: repeated, crossing, or a new connection. */
bool is_reuse(const Session& s, int sender, const Packet& p, int64_t now_ns) {
  if (s.state == State::closed || s.state == State::ended) return true;
  const TcpEnd& me = s.tcp[sender];
  const bool same_start = me.known && me.next == p.seq + 1;
  if (same_start || s.state == State::half_open) return false;
  return s.state == State::closing || now_ns - s.last_ns > silence_before_reuse_ns;
}

void open(Session& s, int sender, Packet& p) {
  const bool answers = (p.tcp_flags & tcp_ack) != 0;
  TcpEnd &me = s.tcp[sender], &peer = s.tcp[1 - sender];
  if (is_new(s)) {
    s.state = State::half_open;
    s.set_client(answers ? 1 - sender : sender);
    s.set(direction_was_seen);
  } else if (!answers && (peer.flags & tcp_syn) != 0 && (me.flags & tcp_syn) == 0) {
    p.odd(Anomaly::tcp_split_handshake);
  }
  if (s.state == State::half_open) begin_at(me, p.seq + 1);
}

/** RFC 5961: a reset counts at the next byte due; where that is not known, or answers a SYN, by what it
 * acknowledges. */
bool reset_is_valid(const Session& s, int sender, const Packet& p, Sight sight) {
  const TcpEnd &me = s.tcp[sender], &peer = s.tcp[1 - sender];
  if (sight != Sight::all || !me.known) return true;
  const int32_t off = distance(me.next, p.seq);
  if (off > -window_max && off < window_max) return true;
  return (p.tcp_flags & tcp_ack) != 0 && peer.known && p.ack == peer.next;
}

void close(Session& s, int sender, Packet& p, Sight sight) {
  if (s.state == State::closed) return;
  if ((p.tcp_flags & tcp_rst) != 0) {
    if (!reset_is_valid(s, sender, p, sight)) return p.odd(Anomaly::tcp_out_of_window);
    s.state = State::closed;
    s.end = FlowEnd::rst;
    return;
  }
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
  const int32_t unseen = distance(other.next, p.ack);
  if (unseen <= 0 || unseen > window_max) return;
  p.odd(Anomaly::tcp_gap);
  other.gap = true;
  other.next = p.ack;
  if (distance(other.high, p.ack) > 0) other.high = p.ack;
}

/** Data that begins before what is due: all of it known, or its tail new. */
Segment repeated(TcpEnd& me, uint32_t seq, int32_t off, Packet& p) {
  const int32_t fresh = off + static_cast<int32_t>(p.payload_length);
  const bool keep_alive = off == -1 && p.payload_length == 1;
  if (keep_alive) return {};
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

Segment place(TcpEnd& me, uint32_t seq, Packet& p) {
  if (!me.known) begin_at(me, seq);
  const int32_t off = distance(me.next, seq);
  if (off == 0) return in_order(me, seq, p);
  if (off < -window_max || off > window_max) return p.odd(Anomaly::tcp_out_of_window), Segment{};
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
  } else if (s.state == State::half_open) {
    const bool acknowledged = (f & tcp_ack) != 0 && sender == s.client();
    const bool end_missed = p.payload_length > 0;
    if (acknowledged || end_missed) s.state = State::established;
  }
  s.tcp[sender].flags |= f;
  if ((f & (tcp_fin | tcp_rst)) != 0 && (f & tcp_syn) == 0) close(s, sender, p, sight);
}

}  // namespace

Segment track_tcp(Session& s, int sender, Packet& p, Sight sight, int64_t now_ns) {
  if ((p.tcp_flags & (tcp_syn | tcp_ack | tcp_rst)) == tcp_syn && !is_new(s) &&
      is_reuse(s, sender, p, now_ns)) {
    return {.kind = Segment::reused};
  }
  follow_flags(s, sender, p, sight);
  if (sight == Sight::flags) return {};
  if (sight == Sight::all) acknowledge(s, sender, p);
  TcpEnd& me = s.tcp[sender];
  const uint32_t seq = p.seq + ((p.tcp_flags & tcp_syn) != 0 ? 1 : 0);
  Segment segment;
  if (p.payload_length > 0 && (p.tcp_flags & tcp_rst) == 0) {
    segment = place(me, seq, p);
  } else if (!me.known && (p.tcp_flags & tcp_rst) == 0) {
    begin_at(me, seq);
  }
  const bool fin_in_order = (p.tcp_flags & tcp_fin) != 0 && me.next == seq + p.payload_length;
  if (fin_in_order) {
    me.next++;
    if (distance(me.high, me.next) > 0) me.high = me.next;
  }
  return segment;
}

}  // namespace vmoat
