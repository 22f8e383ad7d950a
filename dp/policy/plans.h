// Plans: which sets of rules a pair of identities has to be asked for. Finding that out takes a look at each
// pair of their groups; what was found is kept in a table of fixed size, whose places newer pairs take over.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "base/region.h"
#include "policy/policy.h"

namespace vmoat {

class Plans {
 public:
  explicit Plans(const Policy& policy) : policy_(policy), plans_(plans_kept * sizeof(Plan)) {}

  /** Of identities that the policy gave out, in the order of the sets' first rules. Good until the next call.
   */
  std::span<const AppliedSet> of(Identity from, Identity to);
  void prefetch(Identity from, Identity to) const { __builtin_prefetch(&place(from, to)); }

 private:
  static constexpr size_t plans_kept = 1 << 15;
  static constexpr size_t sets_kept = 15;  // of a longer plan nothing is kept

  struct alignas(64) Plan {
    uint32_t pair = 0;  // from << 16 | to; 0 = none yet
    uint32_t count = 0;
    std::array<AppliedSet, sets_kept> sets{};
  };
  static_assert(sizeof(Plan) == 128);
  static_assert(identities_max < 1 << 16);

  static uint32_t pair_of(Identity from, Identity to) { return from << 16 | to; }
  [[nodiscard]] Plan& place(Identity from, Identity to) const {
    const uint32_t hash = pair_of(from, to) * 0x9e37'79b1u;
    return reinterpret_cast<Plan*>(plans_.data())[hash >> 17];
  }

  const Policy& policy_;
  Region plans_;
  std::vector<AppliedSet> found_;
};

}  // namespace vmoat
