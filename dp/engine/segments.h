// Segments: the numbers of L2 domains. One is a namespace, a bridge (or a lone link) and a VLAN, which is 0
// for the one that the bridge itself speaks in without a tag.
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

/** Where a NIC's frames go. On a bridge that does not filter VLANs both are 0. */
struct Port {
  uint32_t ifindex = 0;   // of the bridge, or of the NIC's link itself
  std::string name;       // likewise
  uint16_t untagged = 0;  // the VLAN of the NIC's frames without a tag
  uint16_t native = 0;    // the VLAN of the bridge's own frames without a tag

  bool operator==(const Port&) const = default;
};

class Segments {
 public:
  /** Numbers that stay those of these links, by name, over a restart. Before anything else. */
  void remember(std::span<const KeptSegment> kept);
  /** Where the NIC of this slot is. Numbers are given at first use. */
  void place(uint16_t slot, const Port& port);
  /** Number of the segment of frames at this NIC with this tag's VLAN (0 = untagged). Any thread. */
  [[nodiscard]] uint32_t of(uint16_t slot, uint16_t tag);
  /** Everything interned so far; `changed` tells whether more came since the last call. Control thread. */
  [[nodiscard]] std::vector<SegmentInfo> all(bool& changed);

 private:
  // Guests choose VLAN ids: beyond this many, tagged frames count as untagged
  static constexpr size_t segments_max = 65536;

  uint32_t number_of(const std::string& name, uint16_t vlan);
  uint32_t intern(const Port& port, uint16_t tag);

  std::mutex mutex_;
  std::map<std::pair<uint32_t, uint16_t>, uint32_t> numbers_;
  std::map<std::pair<std::string, uint16_t>, uint32_t> kept_;  // by link and VLAN, each until it is met
  uint32_t next_ = 1;
  std::vector<SegmentInfo> list_;
  std::map<uint16_t, Port> places_;
  size_t told_ = 0;
  std::array<std::atomic<uint32_t>, VMOAT_SLOTS> untagged_ = {};
};

}  // namespace vmoat
