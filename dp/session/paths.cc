// Paths: interned, counted by the sessions that hold them, bounded. The last one found is remembered, since
// neighbouring frames mostly come by the same path; it is held, so that it stays.
#include "session/paths.h"

#include <cstring>
#include <iterator>

namespace vmoat {

namespace {

/** As words: neighbouring packets are compared once each, and memcmp is a call. */
bool same(const Path& a, const Path& b) {
  uint64_t difference = 0, x, y;
  for (size_t at = 0; at < sizeof(Path); at += sizeof x) {
    std::memcpy(&x, reinterpret_cast<const uint8_t*>(&a) + at, sizeof x);
    std::memcpy(&y, reinterpret_cast<const uint8_t*>(&b) + at, sizeof y);
    difference |= x ^ y;
  }
  return difference == 0;
}

/**
 * GTP numbers each direction by itself, MPLS labels one direction and often drops the label before the end:
 * both are recorded, but are no part of the key.
 */
Path without_one_way_ids(const Path& path) {
  Path both_ways = path;
  size_t kept = 0;
  for (TunnelLayer t : path.tunnel) {
    if (t.kind == TunnelKind::gtp) t.id = 0;
    if (t.kind != TunnelKind::mpls) both_ways.tunnel[kept++] = t;
  }
  while (kept < std::size(both_ways.tunnel)) both_ways.tunnel[kept++] = {};
  return both_ways;
}

}  // namespace

uint32_t Paths::intern(const Path& path) {
  uint64_t words[sizeof(Path) / 8];
  std::memcpy(words, &path, sizeof path);
  const uint32_t hash = static_cast<uint32_t>(hash_(words, std::size(words)));
  if (uint32_t n = index_.find(hash, [&](uint32_t i) { return same(slab_[i].path, path); }); n != 0) return n;
  const uint32_t number = slab_.take();
  if (number == 0) return 0;
  if (!index_.insert(hash, number)) {
    slab_.give_back(number);
    return 0;
  }
  slab_[number] = {.path = path, .hash = hash, .scope = number, .holders = 0};
  return number;
}

PathNumbers Paths::find(const Path& path) {
  if (last_.path != 0 && same(path, last_path_)) return last_;
  const uint32_t number = intern(path);
  if (number == 0) return {};
  hold(number);
  const Path normal = without_one_way_ids(path);
  if (slab_[number].scope == number && !same(normal, path)) {
    const uint32_t scope = intern(normal);
    if (scope == 0) return release(number), PathNumbers{};
    hold(scope);
    slab_[number].scope = scope;
  }
  if (last_.path != 0) release(last_.path);
  last_path_ = path;
  return last_ = {number, slab_[number].scope};
}

void Paths::release(uint32_t number) {
  Entry& e = slab_[number];
  if (--e.holders != 0) return;
  const uint32_t scope = e.scope;
  age_++;
  index_.erase(e.hash, number);
  slab_.give_back(number);
  if (scope != number) release(scope);
}

}  // namespace vmoat
