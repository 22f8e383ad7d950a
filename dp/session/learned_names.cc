// LearnedNames: entries stand in an index, in a list of their NIC, in a chain of their address and in the
// wheel.
#include "session/learned_names.h"

namespace vmoat {

LearnedNames::LearnedNames(SipHash hash, uint32_t capacity, uint32_t per_nic_max)
    : hash_(hash),
      per_nic_max_(per_nic_max),
      slab_(capacity),
      index_(capacity),
      heads_(capacity),
      wheel_(*this, 0),
      nics_(VMOAT_SLOTS) {}

uint32_t LearnedNames::hash_of(const NameLesson& l) const {
  uint64_t words[36] = {l.address.words[0], l.address.words[1], uint64_t{l.segment} << 16 | l.slot};
  std::memcpy(words + 3, l.name.data(), l.name.size());
  return static_cast<uint32_t>(hash_(words, 3 + (l.name.size() + 7) / 8));
}

uint32_t LearnedNames::hash_of(uint32_t segment, const Address& address) const {
  const uint64_t words[3] = {address.words[0], address.words[1], segment};
  return static_cast<uint32_t>(hash_(words, 3));
}

uint32_t LearnedNames::find(const NameLesson& l, uint32_t hash) const {
  return index_.find(hash, [&](uint32_t n) {
    const Entry& e = slab_[n];
    return e.address == l.address && e.segment == l.segment && e.slot == l.slot && e.view() == l.name;
  });
}

uint32_t LearnedNames::first_of(uint32_t segment, const Address& address) const {
  return heads_.find(hash_of(segment, address),
                     [&](uint32_t n) { return slab_[n].address == address && slab_[n].segment == segment; });
}

void LearnedNames::enter_nic(uint32_t number) {
  OfNic& nic = nics_[slab_[number].slot];
  slab_[number].nic_next = 0;
  slab_[number].nic_prev = nic.last;
  (nic.last != 0 ? slab_[nic.last].nic_next : nic.first) = number;
  nic.last = number;
  nic.count++;
}

void LearnedNames::leave_nic(uint32_t number) {
  const Entry& e = slab_[number];
  OfNic& nic = nics_[e.slot];
  (e.nic_prev != 0 ? slab_[e.nic_prev].nic_next : nic.first) = e.nic_next;
  (e.nic_next != 0 ? slab_[e.nic_next].nic_prev : nic.last) = e.nic_prev;
  nic.count--;
}

/** Behind the first of its address, which alone stands in the index. */
bool LearnedNames::enter_chain(uint32_t number) {
  Entry& e = slab_[number];
  const uint32_t first = first_of(e.segment, e.address);
  if (first == 0) return heads_.insert(e.address_hash, number);
  e.chain_prev = first;
  e.chain_next = slab_[first].chain_next;
  if (e.chain_next != 0) slab_[e.chain_next].chain_prev = number;
  slab_[first].chain_next = number;
  return true;
}

void LearnedNames::leave_chain(uint32_t number) {
  const Entry& e = slab_[number];
  if (e.chain_next != 0) slab_[e.chain_next].chain_prev = e.chain_prev;
  if (e.chain_prev != 0) {
    slab_[e.chain_prev].chain_next = e.chain_next;
    return;
  }
  heads_.erase(e.address_hash, number);
  if (e.chain_next != 0) heads_.insert(e.address_hash, e.chain_next);  // the place that was just left
}

void LearnedNames::erase(uint32_t number) {
  wheel_.take(number);
  leave_chain(number);
  leave_nic(number);
  index_.erase(slab_[number].hash, number);
  slab_.give_back(number);
}

void LearnedNames::make_room(const OfNic& own) {
  const auto fewer = [](const OfNic& a, const OfNic& b) { return a.count < b.count; };
  const OfNic& from = own.count >= per_nic_max_ ? own : *std::max_element(nics_.begin(), nics_.end(), fewer);
  const uint32_t oldest = from.first;
  if (oldest == 0) return;
  displaced_++;
  tell(oldest, true);
  erase(oldest);
}

uint32_t LearnedNames::make(const NameLesson& l, uint32_t hash) {
  const OfNic& own = nics_[l.slot];
  if (own.count >= per_nic_max_ || slab_.used() == slab_.capacity()) make_room(own);
  const uint32_t number = slab_.take();
  if (number == 0) return 0;
  Entry& e = slab_[number];
  e.address = l.address;
  e.segment = l.segment;
  e.slot = l.slot;
  e.hash = hash;
  e.address_hash = hash_of(l.segment, l.address);
  e.name_length = static_cast<uint8_t>(l.name.copy(e.name.data(), e.name.size()));
  const bool indexed = index_.insert(hash, number);
  if (!indexed || !enter_chain(number)) {
    if (indexed) index_.erase(hash, number);
    slab_.give_back(number);
    displaced_++;
    return 0;
  }
  enter_nic(number);
  return number;
}

/** It counts from now on for its TTL and the grace; an end that hardly moves is left where it is. */
void LearnedNames::freshen(uint32_t number, const NameLesson& l, int64_t now_ns) {
  Entry& e = slab_[number];
  const uint32_t ttl_s = std::clamp(l.ttl_s, ttl_min_s, ttl_max_s);
  const int64_t until_ns = now_ns + int64_t{ttl_s + grace_s} * ns_per_s;
  if (until_ns - e.until_ns < int64_t{grace_s} * ns_per_s) return;
  e.server = l.server;
  e.ttl_s = ttl_s;
  e.seen_ns = now_ns;
  e.until_ns = until_ns;
  tell(number, false);
}

void LearnedNames::learn(const NameLesson& l, int64_t now_ns) {
  if (l.slot == no_slot || l.slot >= nics_.size() || l.name.empty() || l.name.size() > Entry{}.name.size())
    return;
  const std::lock_guard lock(mutex_);
  const uint32_t hash = hash_of(l);
  uint32_t number = find(l, hash);
  const bool known = number != 0;
  if (!known) number = make(l, hash);
  if (number == 0) return;
  freshen(number, l, now_ns);
  if (!known) return wheel_.put(number, slab_[number].until_ns / ns_per_s + 1);
  leave_nic(number);
  enter_nic(number);
}

/** What finds no room is told again from there on. Of what is gone that need not be: it ends by itself. */
void LearnedNames::tell(uint32_t number, bool gone) {
  if (news_.size() >= news_max) {
    if (!gone) retold_ = retold_ == 0 ? number : std::min(retold_, number);
    return;
  }
  const Entry& e = slab_[number];
  NameRecord r{};
  std::memcpy(r.address, e.address.bytes(), 16);
  std::memcpy(r.server, e.server.bytes(), 16);
  r.seen_ns = e.seen_ns;
  r.until_ns = e.until_ns;
  r.segment = e.segment;
  r.ttl_s = e.ttl_s;
  r.slot = e.slot;
  r.gone = gone ? 1 : 0;
  r.name_length = e.name_length;
  std::memcpy(r.name, e.name.data(), e.name_length);
  news_.push_back(r);
}

void LearnedNames::take_news(int64_t now_ns, std::vector<NameRecord>& news) {
  const std::lock_guard lock(mutex_);
  wheel_.advance(now_ns / ns_per_s, [&](uint32_t number) {
    const int64_t until_ns = slab_[number].until_ns;
    until_ns > now_ns ? wheel_.put(number, until_ns / ns_per_s + 1) : erase(number);
  });
  for (; retold_ != 0 && news_.size() < news_max; retold_++) {
    if (retold_ > slab_.top()) {
      retold_ = 0;
      break;
    }
    if (slab_[retold_].link.list != 0) tell(retold_, false);  // whoever is in use waits in the wheel
  }
  news.insert(news.end(), news_.begin(), news_.end());
  news_.clear();
}

void LearnedNames::retell() {
  const std::lock_guard lock(mutex_);
  retold_ = 1;
}

void LearnedNames::forget_nic(uint16_t slot) {
  const std::lock_guard lock(mutex_);
  while (const uint32_t first = nics_[slot % nics_.size()].first) {
    tell(first, true);
    erase(first);
  }
}

uint32_t LearnedNames::known() {
  const std::lock_guard lock(mutex_);
  return slab_.used();
}

uint64_t LearnedNames::displaced() {
  const std::lock_guard lock(mutex_);
  return displaced_;
}

}  // namespace vmoat
