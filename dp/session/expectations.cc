// Expectations: a place is chosen by who is expected where; four ways each.
#include "session/expectations.h"

#include <algorithm>

namespace vmoat {

namespace {

bool is_nobody(const Address& a) {
  return (a.words[0] | a.words[1]) == 0;
}

bool is_same(const Expected& a, const Expected& b) {
  return a.address == b.address && a.port == b.port && a.scope == b.scope && a.peer == b.peer;
}

}  // namespace

size_t Expectations::place_of(const Address& address, uint16_t port, uint32_t scope) const {
  const uint64_t words[3] = {address.words[0], address.words[1], uint64_t{scope} << 16 | port};
  return hash_(words, std::size(words)) % places * ways;
}

void Expectations::add(const Expected& expected, int64_t now_ns) {
  if (table_.empty()) table_.resize(places * ways);
  Expected* const place = &table_[place_of(expected.address, expected.port, expected.scope)];
  const auto worth = [&](const Expected& e) -> int64_t {  // the least goes
    if (e.parent == 0 || e.until_ns < now_ns) return 1;
    return is_same(e, expected) ? 0 : e.until_ns;
  };
  Expected* const chosen =
      std::min_element(place, place + ways, [&](auto& a, auto& b) { return worth(a) < worth(b); });
  if (worth(*chosen) > 1) displaced_++;
  *chosen = expected;
  last_until_ns_ = std::max(last_until_ns_, expected.until_ns);
}

Expected* Expectations::find(const SessionKey& key, int end, int64_t now_ns) {
  const Address &address = end != 0 ? key.high : key.low, &peer = end != 0 ? key.low : key.high;
  const uint16_t port = end != 0 ? key.high_port : key.low_port;
  Expected* const place = &table_[place_of(address, port, key.scope)];
  for (Expected* e = place; e < place + ways; e++) {
    const bool fits = e->parent != 0 && e->port == port && e->scope == key.scope && e->address == address &&
                      (is_nobody(e->peer) || e->peer == peer);
    if (fits && e->until_ns >= now_ns) return e;
  }
  return nullptr;
}

Expectations::Match Expectations::take(const SessionKey& key, int64_t now_ns) {
  if (now_ns > last_until_ns_) return {};
  for (int end = 0; end < 2; end++) {
    Expected* const found = find(key, end, now_ns);
    if (found == nullptr) continue;
    taken_ = *found;
    if (found->once) found->parent = 0;
    return {&taken_, end};
  }
  return {};
}

}  // namespace vmoat
