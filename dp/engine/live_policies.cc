// From the policy and the taps to what everybody is told of them.
#include "engine/live_policies.h"

#include <algorithm>
#include <utility>

#include "base/clock.h"
#include "engine/guards.h"
#include "engine/guest_nic.h"

namespace vmoat {
namespace {

constexpr uint32_t generations_max = (1u << (32 - VMOAT_VERDICT_BITS)) - 1;

bool is_same(const LivePolicy& a, const LivePolicy& b) {
  return a.policy == b.policy && a.nics == b.nics && a.adopted_ns == b.adopted_ns && a.facts == b.facts &&
         a.panic == b.panic;
}

}  // namespace

int64_t LivePolicies::panic_until_ns() const {
  const auto until_ns = static_cast<int64_t>(parts_.kernel.panic_until_ns());
  const int64_t now_ns = clock_ns(CLOCK_BOOTTIME);
  return until_ns > now_ns ? realtime_ns() + until_ns - now_ns : 0;
}

/** By which the policy knows the NIC. */
std::string LivePolicies::name_of(const Link& link, bool is_kept) const {
  return is_kept ? kept_tap(parts_.kept, link) : link.name;
}

LivePolicy LivePolicies::make(const std::shared_ptr<const Policy>& policy, bool is_kept,
                              const std::vector<TappedLink>& taps) const {
  LivePolicy live{policy, std::vector<Identity>(VMOAT_SLOTS, policy->nic({})),
                  std::vector<int64_t>(VMOAT_SLOTS)};
  live.facts.resize(VMOAT_SLOTS);
  live.panic = panic_until_ns() != 0;
  const bool enforces = parts_.own != nullptr;
  for (const auto& [slot, link, adopted_ns] : taps) {
    const std::string tap = name_of(*link, is_kept);
    const KnownNic* known = policy->known_nic(tap);
    live.nics[slot] = policy->nic(tap);
    live.adopted_ns[slot] = adopted_ns;
    live.facts[slot] = {.segment = parts_.segments.of(slot, 0),
                        .mac = known != nullptr ? mac_of(known->mac).value_or(Mac{}) : Mac{},
                        .used = true,
                        .waits = enforces && known == nullptr && policy->protects(),
                        .guarded = enforces && is_in_protect(live, slot)};
  }
  return live;
}

bool LivePolicies::follow(const std::shared_ptr<const Policy>& policy, bool is_kept,
                          const std::map<uint32_t, Link>& links) {
  const std::vector<TappedLink> taps = parts_.taps.tapped(links);
  LivePolicy live = make(policy, is_kept, taps);
  if (told_ && is_same(*told_, live)) return false;
  const uint32_t before = told_ ? told_->generation : parts_.kernel.guard(VMOAT_ANY_NIC).generation;
  live.generation = before % generations_max + 1;
  if (parts_.own != nullptr) tell_own(live, is_kept, taps);
  told_ = std::make_shared<const LivePolicy>(std::move(live));
  return true;
}

/** Addresses of NICs that are gone are free, and those of a NIC that is in another segment now go there with
 * it: its guest does not notice, and asks for nobody. Those that libvirt gave are whose it says. */
void LivePolicies::tell_own(const LivePolicy& live, bool is_kept, const std::vector<TappedLink>& taps) {
  for (uint16_t slot = 1; told_ && slot < VMOAT_SLOTS; slot++)
    follow_nic(slot, told_->facts[slot], live.facts[slot]);
  for (const auto& [slot, link, adopted_ns] : taps)
    if (const KnownNic* known = live.policy->known_nic(name_of(*link, is_kept)))
      give_addresses(live, slot, *known);
}

void LivePolicies::follow_nic(uint16_t slot, const NicFacts& before, const NicFacts& now) {
  if (!before.used) return;
  if (!now.used) return parts_.own->forget(slot);
  if (before.segment != now.segment)
    parts_.own->move(slot, {.from = before.segment, .to = now.segment}, realtime_ns());
}

void LivePolicies::give_addresses(const LivePolicy& live, uint16_t slot, const KnownNic& known) {
  const auto give = [&](const Address& address, Ownership how) {
    parts_.own->claim({live.facts[slot].segment, address, slot, how}, realtime_ns());
  };
  for (const Address& address : known.configured) give(address, Ownership::configured);
  for (const Address& address : known.leased) give(address, Ownership::leased);
}

/** Who is not in protect is told for what it sends; who is waits for its enforcer. */
void LivePolicies::tell_guards(const std::map<uint32_t, Link>& links) {
  if (parts_.own == nullptr) return;
  for (const auto& [slot, link, adopted_ns] : parts_.taps.tapped(links)) {
    const NicFacts& facts = told_->facts[slot];
    if (facts.waits) {
      report(parts_.kernel.set_guard(slot, waiting_guard()));
      continue;
    }
    if (!facts.guarded && !is_inline(slot)) report(parts_.kernel.set_guard(slot, no_guard_of(*told_, slot)));
    report(parts_.kernel.set_fail_safe(slot, fail_safe_of(*told_, slot)));
  }
  parts_.taps.newcomers_wait(told_->policy->protects());
}

/** Then it is protection's to let it go. */
bool LivePolicies::is_inline(uint16_t slot) const {
  return (parts_.kernel.guard(slot).flags & (VMOAT_GUARD_ON | VMOAT_WAITING)) == VMOAT_GUARD_ON;
}

void LivePolicies::note_in_force(const std::map<uint32_t, Link>& links) {
  if (parts_.own == nullptr || !told_) return;
  for (const auto& [slot, link, adopted_ns] : parts_.taps.tapped(links)) {
    if (adopted_ns == 0 || noted_ns_[slot] == adopted_ns) continue;
    if (parts_.kernel.guard(slot).generation == told_->generation) note(slot, adopted_ns);
  }
}

void LivePolicies::note(uint16_t slot, int64_t adopted_ns) {
  noted_ns_[slot] = adopted_ns;
  const double ms = static_cast<double>(realtime_ns() - adopted_ns) / 1e6;
  tap_to_policy_.nics++;
  tap_to_policy_.sum_ms += ms;
  tap_to_policy_.max_ms = std::max(tap_to_policy_.max_ms, ms);
}

void LivePolicies::report(Status status) {
  if (!status) parts_.log.log("error", status.error().what);
}

}  // namespace vmoat
