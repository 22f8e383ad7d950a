// The table of owners: bounded as a whole and for each NIC.
#include "engine/address_owners.h"

namespace vmoat {

bool AddressOwners::claim(const GivenAddress& claim, int64_t now_ns) {
  const std::lock_guard lock(mutex_);
  const Key key = {claim.segment, claim.address};
  uint16_t& count = counts_[claim.slot % VMOAT_SLOTS];
  auto held = owners_.find(key);
  if (held == owners_.end()) {
    if (owners_.size() == addresses_max || count == per_nic_max) return false;
    count++;
    owners_.emplace(key, Owner{claim.slot, claim.how, now_ns});
    return true;
  }
  Owner& owner = held->second;
  if (owner.slot == claim.slot) {
    owner.how = std::max(owner.how, claim.how);
    owner.seen_ns = now_ns;
    return true;
  }
  const bool silent = owner.how == Ownership::learned && owner.seen_ns + silence_ns <= now_ns;
  if (claim.how <= owner.how && !silent) return false;
  if (count == per_nic_max) return false;
  counts_[owner.slot % VMOAT_SLOTS]--;
  count++;
  owner = {claim.slot, claim.how, now_ns};
  return true;
}

uint16_t AddressOwners::owner(uint32_t segment, const Address& address) const {
  const std::lock_guard lock(mutex_);
  const auto held = owners_.find({segment, address});
  return held == owners_.end() ? no_slot : held->second.slot;
}

bool AddressOwners::has(uint32_t segment, const Address& address, uint16_t slot, OwnAddresses least) const {
  const std::lock_guard lock(mutex_);
  const auto held = owners_.find({segment, address});
  if (held == owners_.end() || held->second.slot != slot) return false;
  switch (held->second.how) {
    case Ownership::configured:
      return true;
    case Ownership::leased:
      return least <= OwnAddresses::leased;
    default:
      return least <= OwnAddresses::learned;
  }
}

void AddressOwners::forget(uint16_t slot) {
  const std::lock_guard lock(mutex_);
  std::erase_if(owners_, [&](const auto& entry) { return entry.second.slot == slot; });
  counts_[slot % VMOAT_SLOTS] = 0;
}

}  // namespace vmoat
