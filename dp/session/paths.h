// Paths: which (segment, tags, tunnels) a packet came by, as a number that is part of its session's key.
#pragma once

#include <cstdint>

#include "base/bucket_index.h"
#include "base/siphash.h"
#include "base/slab.h"
#include "contract/records.h"

namespace vmoat {

struct Path {
  uint32_t segment = 0;
  uint16_t tags[2] = {0, 0};
  TunnelLayer tunnel[4] = {};  // outermost first
};
static_assert(sizeof(Path) == 40);

/** A path's numbers: `path` names all of it, `scope` is the same for both directions of a flow. */
struct PathNumbers {
  uint32_t path = 0, scope = 0;  // 0 = the table is full
};

class Paths {
 public:
  Paths(uint32_t capacity, SipHash hash) : slab_(capacity), index_(capacity), hash_(hash) {}

  /** Interns; the numbers are good until `release` gave back all that `hold` took, or the next `find` of
   * another path. */
  PathNumbers find(const Path& path);
  void hold(uint32_t path) { slab_[path].holders++; }
  void release(uint32_t path);
  /** Changes whenever a number becomes free: numbers found at the same age are still good. */
  [[nodiscard]] uint64_t age() const { return age_; }
  [[nodiscard]] const Path& at(uint32_t path) const { return slab_[path].path; }

 private:
  struct Entry {
    Path path;
    uint32_t hash, scope, holders;
  };
  uint32_t intern(const Path& path);

  Slab<Entry> slab_;
  BucketIndex index_;
  SipHash hash_;
  Path last_path_{};
  PathNumbers last_{};
  uint64_t age_ = 0;
};

}  // namespace vmoat
