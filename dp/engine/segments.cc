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

uint32_t Segments::intern(const Port& port, uint16_t tag) {
  const uint16_t its = tag == 0 ? port.untagged : tag;
  const uint16_t vlan = its == port.native ? uint16_t{0} : its;
  const auto [at, fresh] = numbers_.try_emplace({port.ifindex, vlan});
  if (!fresh) return at->second;
  at->second = number_of(port.name, vlan);
  list_.push_back({.segment = at->second, .link = port.name, .ifindex = port.ifindex, .vlan = vlan});
  return at->second;
}

void Segments::place(uint16_t slot, const Port& port) {
  const std::lock_guard lock(mutex_);
  Port& place = places_[slot];
  if (place == port) return;
  place = port;
  untagged_[slot].store(0, std::memory_order_relaxed);
}

uint32_t Segments::of(uint16_t slot, uint16_t tag) {
  if (slot >= VMOAT_SLOTS) return 0;
  const uint32_t untagged = untagged_[slot].load(std::memory_order_relaxed);
  if (tag == 0 && untagged != 0) return untagged;
  const std::lock_guard lock(mutex_);
  const auto place = places_.find(slot);
  if (place == places_.end()) return 0;
  const Port& port = place->second;
  const uint32_t plain = intern(port, 0);
  untagged_[slot].store(plain, std::memory_order_relaxed);
  if (tag == 0 || (list_.size() >= segments_max && !numbers_.contains({port.ifindex, tag}))) return plain;
  return intern(port, tag);
}

std::vector<SegmentInfo> Segments::all(bool& changed) {
  const std::lock_guard lock(mutex_);
  changed = told_ != list_.size();
  told_ = list_.size();
  return list_;
}

}  // namespace vmoat
