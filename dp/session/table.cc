// SessionTable: making, finding, scheduling; the choice of who goes when there is no room.
#include "session/table.h"

namespace vmoat {

namespace {

/** A late acknowledgement looks like a connection that is older than vmoat, until the other end speaks. */
bool may_be_over(const Session& s) {
  return s.has(was_picked_up) && (s.packets[0] == 0 || s.packets[1] == 0);
}

}  // namespace

SessionTable::SessionTable(uint32_t capacity, const Timeouts& timeouts)
    : sessions_(capacity), index_(capacity), wheel_(*this, queues), timeouts_(timeouts) {}

void SessionTable::prefetch(uint32_t number) const {
  const auto* line = reinterpret_cast<const char*>(&sessions_[number]);
  for (size_t at = 0; at < sizeof(Session); at += 64) __builtin_prefetch(line + at, 1);
}

void SessionTable::prefetch_session(const KeyedPacket& k) const {
  index_.find(k.hash, [&](uint32_t n) {
    const auto* line = reinterpret_cast<const char*>(&sessions_[n]);
    for (size_t at = 0; at < 192; at += 64) __builtin_prefetch(line + at, 1);  // the last line is for reports
    return true;
  });
}

uint32_t SessionTable::find(const KeyedPacket& k) const {
  return index_.find(k.hash, [&](uint32_t n) { return sessions_[n].key == k.key; });
}

uint32_t SessionTable::make(const KeyedPacket& k, int64_t now_ns) {
  const uint32_t number = sessions_.take();
  if (number == 0) return 0;
  if (!index_.insert(k.hash, number)) {
    sessions_.give_back(number);
    return 0;
  }
  if (number > top_) top_ = number;
  Session& s = sessions_[number];
  s.key = k.key;
  s.hash = k.hash;
  s.first_ns = s.last_ns = now_ns;
  return number;
}

void SessionTable::erase(uint32_t number) {
  Session& s = sessions_[number];
  wheel_.take(number);
  index_.erase(s.hash, number);
  s.id = 0;
  sessions_.give_back(number);
}

void SessionTable::schedule(uint32_t number) {
  Session& s = sessions_[number];
  const bool half_open = s.state == State::half_open, unanswered = s.state == State::unanswered;
  if (half_open || unanswered) {
    const uint16_t queue = half_open ? half_open_queue : unanswered_queue;
    if (s.link.list != 0) return;  // also in the wheel: it was silent for one timeout and spoke on
    return wheel_.put_in_queue(number, queue);
  }
  wheel_.take(number);
  wheel_.put(number, deadline_ns(s) / ns_per_s + 1);
}

uint32_t SessionTable::victim() {
  for (uint16_t q = 0; q < queues; q++)
    if (uint32_t n = wheel_.front_of_queue(q); n != 0) return n;
  return wheel_.nearest();
}

int64_t SessionTable::timeout_ns(const Session& s) const {
  const auto seconds = [&]() -> uint16_t {
    switch (s.state) {
      case State::half_open:
        return timeouts_.tcp_half_open_s;
      case State::established:
        return may_be_over(s) ? timeouts_.unanswered_s : timeouts_.tcp_established_s;
      case State::closing:
        return timeouts_.tcp_closing_s;
      case State::closed:
        return timeouts_.tcp_closed_s;
      case State::ended:
        return 2;
      case State::fresh:
      case State::unanswered:
        return timeouts_.unanswered_s;
      case State::answered:
        break;
    }
    const uint8_t proto = s.key.proto();
    if (proto == IPPROTO_UDP || proto == IPPROTO_UDPLITE) return timeouts_.udp_s;
    return proto == IPPROTO_ICMP || proto == IPPROTO_ICMPV6 ? timeouts_.icmp_s : timeouts_.other_s;
  }();
  return seconds * ns_per_s;
}

int64_t SessionTable::deadline_ns(const Session& s) const {
  return s.last_ns + timeout_ns(s);
}

}  // namespace vmoat
