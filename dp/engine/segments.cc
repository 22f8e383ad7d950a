// Segments.
#include "engine/segments.h"

namespace vmoat {

uint32_t Segments::intern(uint32_t ifindex, const std::string& name, uint16_t vlan) {
  auto [at, fresh] = numbers_.try_emplace({ifindex, vlan}, static_cast<uint32_t>(list_.size() + 1));
  if (fresh) list_.push_back({.segment = at->second, .link = name, .ifindex = ifindex, .vlan = vlan});
  return at->second;
}

void Segments::place(uint16_t slot, uint32_t link_ifindex, const std::string& link_name) {
  const std::lock_guard lock(mutex_);
  Place& place = places_[slot];
  if (place.ifindex == link_ifindex) return;
  place = {link_ifindex, link_name};
  untagged_[slot].store(0, std::memory_order_relaxed);
}

uint32_t Segments::of(uint16_t slot, uint16_t vlan) {
  if (slot >= VMOAT_SLOTS) return 0;
  const uint32_t untagged = untagged_[slot].load(std::memory_order_relaxed);
  if (vlan == 0 && untagged != 0) return untagged;
  const std::lock_guard lock(mutex_);
  const auto place = places_.find(slot);
  if (place == places_.end()) return 0;
  const auto& [ifindex, name] = place->second;
  const uint32_t plain = intern(ifindex, name, 0);
  untagged_[slot].store(plain, std::memory_order_relaxed);
  if (vlan == 0 || (list_.size() >= segments_max && !numbers_.contains({ifindex, vlan}))) return plain;
  return intern(ifindex, name, vlan);
}

std::vector<SegmentInfo> Segments::all(bool& changed) {
  const std::lock_guard lock(mutex_);
  changed = told_ != list_.size();
  told_ = list_.size();
  return list_;
}

}  // namespace vmoat
