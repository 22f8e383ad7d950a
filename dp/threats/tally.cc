// The table of tallies: sets of eight places, the one that counts least gives way.
#include "threats/tally.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <memory>

namespace vmoat {

uint32_t Distinct::count() const {
  constexpr double size = 512;
  int set = 0;
  for (uint64_t word : bits) set += std::popcount(word);
  const double empty = std::max(0.5, size - set);
  return static_cast<uint32_t>(std::lround(size * std::log(size / empty)));
}

uint64_t item_of(const Address& address, uint64_t more) {
  uint64_t h = address.words[0] * 0x9e3779b97f4a7c15 ^ address.words[1] ^ more * 0xc2b2ae3d27d4eb4f;
  h = (h ^ h >> 30) * 0xbf58476d1ce4e5b9;
  h = (h ^ h >> 27) * 0x94d049bb133111eb;
  return h ^ h >> 31;
}

Tallies::Tallies(SipHash hash)
    : hash_(hash), sets_(places / ways * sizeof(Set)), memory_(places * sizeof(Tally)) {}

namespace {

uint32_t weight_of(const Tally& t) {
  return static_cast<uint32_t>(std::clamp<uint64_t>(t.count, 1, UINT32_MAX));
}

}  // namespace

/** The place that is missed least: one that is empty or over, else that of the smallest count. Counts grow
 * unseen, so the place that seems smallest is looked at, and the next one where it is larger by now: the
 * first that has not grown is the smallest. A count that a threat has taken back is found late, which spares
 * a small one at most. */
uint32_t Tallies::least_of(uint32_t number, int64_t now_ns) {
  Set& set = reinterpret_cast<Set*>(sets_.data())[number];
  for (uint32_t way = 0; way < ways; way++)
    if (set.tags[way] == 0 || set.until_s[way] <= now_ns / ns_per_s) return way;
  while (true) {
    const auto least = std::min_element(set.weights.begin(), set.weights.end());
    const auto way = static_cast<uint32_t>(least - set.weights.begin());
    const uint32_t weight = weight_of(place(number, way));
    if (weight <= *least) return way;
    *least = weight;
  }
}

Tally& Tallies::begin(uint32_t number, uint32_t way, uint64_t tag, uint32_t window_s, int64_t now_ns) {
  Set& set = reinterpret_cast<Set*>(sets_.data())[number];
  Tally& t = place(number, way);
  const bool displaces = set.tags[way] != 0 && set.tags[way] != tag && !t.is_over(now_ns);
  if (displaces) displaced_++;
  set.tags[way] = tag;
  set.until_s[way] = static_cast<uint32_t>(now_ns / ns_per_s + window_s + 1);
  set.weights[way] = 1;
  t = Tally{.since_ns = now_ns, .window_s = window_s};
  return t;
}

Tally& Tallies::at(uint8_t threat, const TallyKey& key, uint32_t window_s, int64_t now_ns) {
  const uint64_t words[6] = {key.a.words[0], key.a.words[1],
                             key.b.words[0], key.b.words[1],
                             key.segment,    uint64_t{key.slot} << 32 | uint64_t{key.port} << 16 | threat};
  const uint64_t tag = hash_(words, std::size(words)) | 1;  // 0 is an empty place
  const uint32_t number = static_cast<uint32_t>(tag >> 32) % (places / ways);
  Set& set = reinterpret_cast<Set*>(sets_.data())[number];
  const auto found = std::find(set.tags.begin(), set.tags.end(), tag);
  if (found == set.tags.end()) return begin(number, least_of(number, now_ns), tag, window_s, now_ns);
  const auto way = static_cast<uint32_t>(found - set.tags.begin());
  Tally& t = place(number, way);
  if (t.is_over(now_ns)) return begin(number, way, tag, window_s, now_ns);
  set.weights[way] = weight_of(t);
  return t;
}

}  // namespace vmoat
