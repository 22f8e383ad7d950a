// SessionTable: all sessions of a worker, found by key, ended by a wheel, bounded; nothing is ever moved or
// rebuilt.
#pragma once

#include "base/bucket_index.h"
#include "base/clock.h"
#include "session/session.h"
#include "session/timeouts.h"

namespace vmoat {

class SessionTable {
 public:
  /** Where a session waits for its end: in a second of the wheel, or in one of these. */
  enum Queue : uint16_t { half_open_queue, unanswered_queue, queues };

  SessionTable(uint32_t capacity, const Timeouts& timeouts);

  void prefetch(const KeyedPacket& k) const { index_.prefetch(k.hash); }
  /** After `prefetch` has arrived: the session's own lines. */
  void prefetch_session(const KeyedPacket& k) const;
  /** The session's number, 0 = none. */
  [[nodiscard]] uint32_t find(const KeyedPacket& k) const;
  /** A session with key, id and times; 0 when there is no room. It is in no queue yet: see `schedule`. */
  uint32_t make(const KeyedPacket& k, int64_t now_ns);
  void erase(uint32_t number);

  /** Puts the session where its state and last packet say. Cheap where it stands there already. */
  void schedule(uint32_t number);
  /** Who goes first when the table is full: oldest half-open, oldest unanswered, nearest to its timeout. 0 =
   * nobody. */
  [[nodiscard]] uint32_t victim();

  /** Calls `ended(number)` for every session whose time is over; it must erase or schedule it. */
  template <class Ended>
  void advance(int64_t now_ns, Ended&& ended) {
    const int64_t now_s = now_ns / ns_per_s;
    if (now_s <= wheel_.now_s()) return;
    for (uint16_t q = 0; q < queues; q++) advance_queue(q, now_ns, ended);
    wheel_.advance(now_s, [&](uint32_t n) { due(n, now_ns, ended); });
  }

  /** Calls `each(number)` for all sessions; it may erase the one it is called for. */
  template <class Each>
  void for_each(Each&& each) {
    constexpr uint32_t ahead = 8;
    for (uint32_t n = 1; n <= top_; n++) {
      if (n + ahead <= top_) index_.prefetch(sessions_[n + ahead].hash);
      if (sessions_[n].id != 0) each(n);
    }
  }

  /** The next number in use after this one, 0 = none. */
  [[nodiscard]] uint32_t next(uint32_t number) const {
    while (++number <= top_)
      if (sessions_[number].id != 0) return number;
    return 0;
  }

  Session& operator[](uint32_t number) const { return sessions_[number]; }
  [[nodiscard]] uint32_t open() const { return sessions_.used(); }
  WheelLink& link(uint32_t number) { return sessions_[number].link; }
  void prefetch(uint32_t number) const;

 private:
  [[nodiscard]] int64_t deadline_ns(const Session& s) const;
  [[nodiscard]] int64_t timeout_ns(const Session& s) const;

  template <class Ended>
  void advance_queue(uint16_t queue, int64_t now_ns, Ended& ended) {
    for (uint32_t n = wheel_.front_of_queue(queue); n != 0; n = wheel_.front_of_queue(queue)) {
      if (sessions_[n].first_ns + timeout_ns(sessions_[n]) > now_ns) return;
      wheel_.take(n);
      due(n, now_ns, ended);
    }
  }
  /** Its packets may have moved the deadline since it was put there. */
  template <class Ended>
  void due(uint32_t number, int64_t now_ns, Ended& ended) {
    index_.prefetch(sessions_[number].hash);
    const int64_t deadline = deadline_ns(sessions_[number]);
    if (deadline > now_ns) return wheel_.put(number, deadline / ns_per_s + 1);
    ended(number);
  }

  Slab<Session> sessions_;
  BucketIndex index_;
  Wheel<SessionTable> wheel_;
  Timeouts timeouts_;
  uint32_t top_ = 0;  // highest number ever given out
};

}  // namespace vmoat
