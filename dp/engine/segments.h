// Segments: the numbers of L2 domains. One is a namespace, a bridge (or a lone link) and a VLAN.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "contract/kernel.h"
#include "engine/dataplane.h"

namespace vmoat {

class Segments {
 public:
  /** Numbers that stay those of these links, by name, over a restart. Before anything else. */
  void remember(std::span<const KeptSegment> kept);
  /** The NIC of this slot is a port of that link (or is itself its link). Numbers are given at first use. */
  void place(uint16_t slot, uint32_t link_ifindex, const std::string& link_name);
  /** Number of the segment of frames at this NIC with this VLAN (0 = untagged). Any thread. */
  [[nodiscard]] uint32_t of(uint16_t slot, uint16_t vlan);
  /** Everything interned so far; `changed` tells whether more came since the last call. Control thread. */
  [[nodiscard]] std::vector<SegmentInfo> all(bool& changed);

 private:
  struct Place {
    uint32_t ifindex = 0;
    std::string name;
  };
  // Guests choose VLAN ids: beyond this many, tagged frames count as untagged
  static constexpr size_t segments_max = 65536;

  uint32_t number_of(const std::string& name, uint16_t vlan);
  uint32_t intern(uint32_t ifindex, const std::string& name, uint16_t vlan);

  std::mutex mutex_;
  std::map<std::pair<uint32_t, uint16_t>, uint32_t> numbers_;
  std::map<std::pair<std::string, uint16_t>, uint32_t> kept_;  // by link and VLAN, each until it is met
  uint32_t next_ = 1;
  std::vector<SegmentInfo> list_;
  std::map<uint16_t, Place> places_;
  size_t told_ = 0;
  std::array<std::atomic<uint32_t>, VMOAT_SLOTS> untagged_ = {};
};

}  // namespace vmoat
