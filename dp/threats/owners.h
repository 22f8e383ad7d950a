// Owners: which NIC or MAC an address of a segment belongs to, as ARP, NDP and the host's own links say it.
// One table of fixed size; a newer address takes an older one's place.
#pragma once

#include <vector>

#include "base/clock.h"
#include "base/region.h"
#include "base/siphash.h"
#include "threats/event.h"

namespace vmoat {

struct Owner {
  uint64_t tag = 0;
  int64_t seen_ns = 0;  // when it last said so
  Mac mac{};
  uint16_t slot = no_slot;  // behind which NIC; no_slot: elsewhere in the segment
};

/** What is known of a NIC beside its frames. */
struct NicIdentity {
  Mac mac{};  // the guest's, as libvirt has it; zero where nobody told
};

class Owners {
 public:
  static constexpr uint32_t places = 1u << 14, ways = 4;
  static constexpr int64_t fresh_ns = 600 * ns_per_s;  // older claims are not held against anybody

  explicit Owners(SipHash hash);

  /** Who claimed the address last and not too long ago, null where nobody did. */
  [[nodiscard]] const Owner* find(uint32_t segment, const Address& address, int64_t now_ns) const;
  void claim(uint32_t segment, const Address& address, const Mac& mac, uint16_t slot, int64_t now_ns);

  /** Addresses that are the host's own, in any of its namespaces' links that are watched. */
  void set_host(std::vector<Address> addresses);
  [[nodiscard]] bool is_host(const Address& address) const;

  void forget_nics() { nics_.assign(nics_.size(), {}); }
  void set_nic(uint16_t slot, const NicIdentity& identity) { nics_[slot % nics_.size()] = identity; }
  [[nodiscard]] const NicIdentity& nic(uint16_t slot) const { return nics_[slot % nics_.size()]; }

 private:
  [[nodiscard]] uint64_t tag_of(uint32_t segment, const Address& address) const;
  [[nodiscard]] Owner* set_of(uint64_t tag) const;

  SipHash hash_;
  Region all_;
  std::vector<Address> host_;  // sorted by words
  std::vector<NicIdentity> nics_;
};

}  // namespace vmoat
