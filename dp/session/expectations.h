// Expectations: flows that other flows have announced (ftp's data channel, a call's media), kept until they
// come or their time is over. A fixed table; where a place has no room the oldest goes, counted.
#pragma once

#include <vector>

#include "session/session.h"

namespace vmoat {

/** Somebody will speak with `address`:`port`. */
struct Expected {
  Address address;
  Address peer;                // the other end; zero = anyone
  uint64_t parent = 0;         // flow that announced it
  uint32_t parent_number = 0;  // of its session, which may have gone since
  int64_t until_ns = 0;
  uint32_t scope = 0;  // as in SessionKey, with family and protocol
  uint16_t port = 0;
  uint8_t application = 0;  // registry number + 1
  bool once = true;
  bool is_client = false;  // `address` is the client's
  bool is_own = true;      // `address` is an end of the announcing flow, not a third one
};

class Expectations {
 public:
  static constexpr size_t places = 1024, ways = 4;

  explicit Expectations(SipHash hash) : hash_(hash) {}

  void add(const Expected& expected, int64_t now_ns);
  struct Match {
    const Expected* expected = nullptr;
    int end = 0;  // of the session: whose port was announced, 0 low, 1 high
  };
  /** Who announced a new session; it is used up where it counts once. Valid until the next call. */
  Match take(const SessionKey& key, int64_t now_ns);
  /** Went before they came and before their time, since the table was made. */
  [[nodiscard]] uint64_t displaced() const { return displaced_; }

 private:
  [[nodiscard]] size_t place_of(const Address& address, uint16_t port, uint32_t scope) const;
  Expected* find(const SessionKey& key, int end, int64_t now_ns);

  SipHash hash_;
  std::vector<Expected> table_;  // made with the first expectation; an entry without a parent is empty
  Expected taken_;
  int64_t last_until_ns_ = 0;  // nobody is expected any more after that
  uint64_t displaced_ = 0;
};

}  // namespace vmoat
