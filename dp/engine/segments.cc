// Segments.
#include "engine/segments.h"

#include <algorithm>

namespace vmoat {

void Segments::remember(std::span<const KeptSegment> kept) {
  const std::lock_guard lock(mutex_);
  for (const auto& [segment, link, vlan] : kept) {
    kept_.try_emplace({link, vlan}, segment);
    next_ = std::max(next_, segment + 1);
  }
}

/** A link that was made anew is met a second time under its name: it is not the one that was kept. */
uint32_t Segments::number_of(const std::string& name, uint16_t vlan) {
  const auto kept = kept_.extract({name, vlan});
  return kept ? kept.mapped() : next_++;
}

uint32_t Segments::intern(uint32_t ifindex, const std::string& name, uint16_t vlan) {
  const auto [at, fresh] = numbers_.try_emplace({ifindex, vlan});
  if (!fresh) return at->second;
  at->second = number_of(name, vlan);
  list_.push_back({.segment = at->second, .link = name, .ifindex = ifindex, .vlan = vlan});
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
