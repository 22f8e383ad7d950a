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

Tallies::Tallies(SipHash hash) : hash_(hash), memory_(places * sizeof(Tally)) {}

bool Tally::is_over(int64_t now_ns) const {
  return tag == 0 || since_ns + window_s * ns_per_s <= now_ns;
}

/** The tally with this tag, else the one of its set that is missed least. */
Tally& Tallies::place_of(uint64_t tag, int64_t now_ns) {
  Tally* set = all() + static_cast<uint32_t>(tag >> 32) % places / ways * ways;
  const auto weight = [&](const Tally& t) { return t.is_over(now_ns) ? 0 : t.count + 1; };
  Tally* least = set;
  for (Tally* t = set; t < set + ways; t++) {
    if (t->tag == tag) return *t;
    if (weight(*t) < weight(*least)) least = t;
  }
  return *least;
}

Tally& Tallies::at(uint8_t threat, const TallyKey& key, uint32_t window_s, int64_t now_ns) {
  const uint64_t words[6] = {key.a.words[0], key.a.words[1],
                             key.b.words[0], key.b.words[1],
                             key.segment,    uint64_t{key.slot} << 32 | uint64_t{key.port} << 16 | threat};
  const uint64_t tag = hash_(words, std::size(words)) | 1;  // 0 is an empty place
  Tally& t = place_of(tag, now_ns);
  if (t.tag != tag || t.is_over(now_ns)) {
    if (t.tag != tag && !t.is_over(now_ns)) displaced_++;
    t = Tally{.tag = tag, .since_ns = now_ns, .window_s = window_s};
  }
  t.last_ns = now_ns;
  return t;
}

}  // namespace vmoat
