// Wheel: which objects to look at in which second. Objects stand in doubly linked lists by number; besides
// the seconds' lists there are a few queues in order of entry. Deadlines move lazily: whoever is called asks
// again.
#pragma once

#include <cstdint>
#include <vector>

namespace vmoat {

/** What an object in a wheel carries. */
struct WheelLink {
  uint32_t next = 0, prev = 0;
  uint16_t list = 0;  // 0 = in none
};

/** `Links` gives `WheelLink& link(uint32_t number)` and `prefetch(number)` for an object that is due next. */
template <class Links>
class Wheel {
 public:
  static constexpr uint32_t seconds = 4096;

  Wheel(Links& links, uint16_t queues) : links_(links), lists_(seconds + queues + 1) {}

  /** To be looked at in second `at_s`, or at the horizon if that is nearer. */
  void put(uint32_t number, int64_t at_s) {
    if (at_s <= now_s_) at_s = now_s_ + 1;
    if (at_s >= now_s_ + seconds) at_s = now_s_ + seconds - 1;
    if (at_s < nearest_s_) nearest_s_ = at_s;
    append(number, second_list(at_s));
  }
  void put_in_queue(uint32_t number, uint16_t queue) { append(number, queue_list(queue)); }
  void take(uint32_t number) {
    WheelLink& l = links_.link(number);
    if (l.list == 0) return;
    Ends& e = lists_[l.list];
    (l.prev != 0 ? links_.link(l.prev).next : e.first) = l.next;
    (l.next != 0 ? links_.link(l.next).prev : e.last) = l.prev;
    l = {};
  }
  [[nodiscard]] uint32_t front_of_queue(uint16_t queue) const { return lists_[queue_list(queue)].first; }
  [[nodiscard]] bool in_queue(uint32_t number, uint16_t queue) const {
    return links_.link(number).list == queue_list(queue);
  }

  /** The first object of the nearest second that has one, 0 = none. Goes on where it last found one. */
  [[nodiscard]] uint32_t nearest() {
    if (nearest_s_ < now_s_) nearest_s_ = now_s_;
    for (; nearest_s_ < now_s_ + seconds; nearest_s_++)
      if (uint32_t n = lists_[second_list(nearest_s_)].first; n != 0) return n;
    return 0;
  }

  /** Calls `due(number)` for all objects of the seconds up to now_s; each is in no list at that time. */
  template <class Due>
  void advance(int64_t now_s, Due&& due) {
    if (now_s <= now_s_) return;
    if (now_s_ == 0 || now_s - now_s_ > seconds) now_s_ = now_s - seconds;
    while (now_s_ < now_s) {
      const uint16_t list = second_list(++now_s_);
      Ends chain = lists_[list];
      lists_[list] = {};
      for (uint32_t n = chain.first; n != 0;) {
        WheelLink& l = links_.link(n);
        const uint32_t next = l.next;
        l = {};
        if (next != 0) links_.prefetch(next);
        due(n);
        n = next;
      }
    }
  }
  [[nodiscard]] int64_t now_s() const { return now_s_; }

 private:
  struct Ends {
    uint32_t first = 0, last = 0;
  };
  static uint16_t second_list(int64_t s) {
    return static_cast<uint16_t>(1 + (static_cast<uint64_t>(s) % seconds));
  }
  static uint16_t queue_list(uint16_t queue) { return static_cast<uint16_t>(1 + seconds + queue); }

  void append(uint32_t number, uint16_t list) {
    WheelLink& l = links_.link(number);
    Ends& e = lists_[list];
    l = {.next = 0, .prev = e.last, .list = list};
    (e.last != 0 ? links_.link(e.last).next : e.first) = number;
    e.last = number;
  }

  Links& links_;
  int64_t now_s_ = 0;
  int64_t nearest_s_ = 0;  // no second before it has an object
  std::vector<Ends> lists_;
};

}  // namespace vmoat
