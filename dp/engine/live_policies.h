// LivePolicies: what the policy in force means for the NICs that are there: whose identity each has, which of
// them wait, and what the kernel and the table of address owners are told of that. The control thread's.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "capture/tap_kernel.h"
#include "engine/address_owners.h"
#include "engine/dataplane.h"
#include "engine/segments.h"
#include "engine/tap_set.h"
#include "engine/verdicts.h"
#include "plumb/links.h"

namespace vmoat {

/** All of it must outlive who is given it. */
struct LivePolicyParts {
  TapKernel& kernel;
  TapSet& taps;
  Segments& segments;
  AddressOwners* own;  // null: nothing is enforced
  /** NICs of a policy that was told to an earlier run. */
  const std::vector<PolicyNic>& kept;
  DataplaneSink& log;
};

/** From a tap's appearance until it was guarded, or let be, as its policy says. */
struct TapToPolicy {
  uint64_t nics = 0;
  double sum_ms = 0, max_ms = 0;
};

class LivePolicies {
 public:
  explicit LivePolicies(const LivePolicyParts& parts) : parts_(parts) {}

  /** True where there is another policy, a slot is another NIC's, or panic has begun or ended: told() is new
   * then. `is_kept`: it names the NICs of an earlier run. */
  bool follow(const std::shared_ptr<const Policy>& policy, bool is_kept,
              const std::map<uint32_t, Link>& links);
  /** Guards of NICs that no enforcer has, as told() has them; workers have to know it first. */
  void tell_guards(const std::map<uint32_t, Link>& links);
  /** Notes how long new NICs have waited that wait no more. */
  void note_in_force(const std::map<uint32_t, Link>& links);
  /** Null: none yet. */
  [[nodiscard]] const std::shared_ptr<const LivePolicy>& told() const { return told_; }
  /** Since the epoch, while panic lasts; else 0. */
  [[nodiscard]] int64_t panic_until_ns() const;
  [[nodiscard]] bool panic_has_changed() const { return told_ && told_->panic != (panic_until_ns() != 0); }
  [[nodiscard]] const TapToPolicy& tap_to_policy() const { return tap_to_policy_; }

 private:
  [[nodiscard]] LivePolicy make(const std::shared_ptr<const Policy>& policy, bool is_kept,
                                const std::vector<TappedLink>& taps) const;
  [[nodiscard]] std::string name_of(const Link& link, bool is_kept) const;
  void tell_own(const LivePolicy& live, bool is_kept, const std::vector<TappedLink>& taps);
  void follow_nic(uint16_t slot, const NicFacts& before, const NicFacts& now);
  void give_addresses(const LivePolicy& live, uint16_t slot, const KnownNic& known);
  [[nodiscard]] bool is_inline(uint16_t slot) const;
  void note(uint16_t slot, int64_t adopted_ns);
  void report(Status status);

  const LivePolicyParts parts_;
  std::shared_ptr<const LivePolicy> told_;
  TapToPolicy tap_to_policy_;
  std::vector<int64_t> noted_ns_ = std::vector<int64_t>(VMOAT_SLOTS);  // when each slot's NIC was adopted
};

}  // namespace vmoat
