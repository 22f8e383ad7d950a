// The table of owners: bounded as a whole and for each NIC.
#include "engine/address_owners.h"

namespace vmoat {
namespace {

uint8_t kind_bit(const Address& address) {
  const uint8_t* bytes = address.bytes();
  if (address == Address::v4(bytes + 12)) return 1;
  return bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80 ? 2 : 4;
}

}  // namespace

bool AddressOwners::claim(const GivenAddress& claim, int64_t now_ns) {
  const std::lock_guard lock(mutex_);
  return take(claim, now_ns);
}

bool AddressOwners::claim_first(const GivenAddress& claim, int64_t now_ns) {
  const std::lock_guard lock(mutex_);
  return (of_nic(claim.slot).shown & kind_bit(claim.address)) == 0 && take(claim, now_ns);
}

bool AddressOwners::has_like(const Address& address, uint16_t slot) const {
  const std::lock_guard lock(mutex_);
  const OfNic& nic = nics_[slot % VMOAT_SLOTS];
  return ((nic.shown | nic.given) & kind_bit(address)) != 0;
}

/** Under the lock. */
bool AddressOwners::take(const GivenAddress& claim, int64_t now_ns) {
  if (!settle(claim, now_ns)) return false;
  OfNic& nic = of_nic(claim.slot);
  (claim.how == Ownership::learned ? nic.shown : nic.given) |= kind_bit(claim.address);
  return true;
}

bool AddressOwners::settle(const GivenAddress& claim, int64_t now_ns) {
  const Key key = {claim.segment, claim.address};
  uint16_t& count = of_nic(claim.slot).count;
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
  of_nic(owner.slot).count--;
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

void AddressOwners::move(uint16_t slot, Way way, int64_t now_ns) {
  const std::lock_guard lock(mutex_);
  std::vector<GivenAddress> moved;
  for (const auto& [key, owner] : owners_)
    if (owner.slot == slot && key.segment == way.from) moved.push_back({way.to, key.address, slot});
  const uint8_t shown = of_nic(slot).shown;
  drop(slot);
  for (const GivenAddress& claim : moved) take(claim, now_ns);
  of_nic(slot).shown &= shown;
}

void AddressOwners::forget(uint16_t slot) {
  const std::lock_guard lock(mutex_);
  drop(slot);
}

/** Under the lock. */
void AddressOwners::drop(uint16_t slot) {
  std::erase_if(owners_, [&](const auto& entry) { return entry.second.slot == slot; });
  of_nic(slot) = {};
}

}  // namespace vmoat
