// AddressOwners: which NIC's guest an address of a segment is. Who has an address keeps it: nobody else's
// claim moves it. One table for all workers; asked on the slow path only.
#pragma once

#include <cstdint>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/siphash.h"
#include "contract/kernel.h"
#include "parse/packet.h"
#include "policy/tables.h"

namespace vmoat {

/** How an address came to be a guest's, in order of trust. */
enum class Ownership : uint8_t { learned, leased, configured };

/** An address that libvirt gave a guest. */
struct GivenAddress {
  uint32_t segment = 0;
  Address address;
  uint16_t slot = no_slot;
  Ownership how = Ownership::learned;
};

class AddressOwners {
 public:
  static constexpr size_t addresses_max = 65'536, per_nic_max = 256;
  static constexpr int64_t silence_ns = 3600 * ns_per_s;  // then a learned address is free again

  /** Between segments. */
  struct Way {
    uint32_t from, to;
  };

  explicit AddressOwners(SipHash hash) : owners_(0, Hash{hash}) {}

  /** The address is the NIC's from now on, if it is nobody else's who has it on at least as good grounds. */
  bool claim(const GivenAddress& claim, int64_t now_ns);
  /** The same for a NIC whose guest has shown no address of this kind yet: IPv4, link-local IPv6, other IPv6.
   * What it was given does not count: a guest that took a lease may use another address. */
  bool claim_first(const GivenAddress& claim, int64_t now_ns);
  /** Whether the NIC's guest has shown, or was given, an address of the same kind. */
  [[nodiscard]] bool has_like(const Address& address, uint16_t slot) const;
  /** Whose it is; no_slot where it is nobody's. */
  [[nodiscard]] uint16_t owner(uint32_t segment, const Address& address) const;
  /** Whether the NIC's guest may send under it where it needs `least` for that. */
  [[nodiscard]] bool has(uint32_t segment, const Address& address, uint16_t slot, OwnAddresses least) const;
  /** The NIC is in another segment: what its guest has of the one it leaves is its there, as learned, where
   * nobody has it on at least as good grounds; what it has of others (those of tags) is nobody's. */
  void move(uint16_t slot, Way way, int64_t now_ns);
  /** The NIC is gone. */
  void forget(uint16_t slot);

 private:
  struct Key {
    uint32_t segment;
    Address address;
    bool operator==(const Key&) const = default;
  };
  struct Hash {
    SipHash hash;
    size_t operator()(const Key& key) const {
      const uint64_t words[3] = {key.address.words[0], key.address.words[1], key.segment};
      return hash(words, 3);
    }
  };
  struct Owner {
    uint16_t slot;
    Ownership how;
    int64_t seen_ns;
  };

  struct OfNic {
    uint16_t count = 0;
    uint8_t shown = 0, given = 0;  // bits: the kinds of which its guest showed one, and it was given one
  };

  bool take(const GivenAddress& claim, int64_t now_ns);
  bool settle(const GivenAddress& claim, int64_t now_ns);
  void drop(uint16_t slot);
  OfNic& of_nic(uint16_t slot) { return nics_[slot % VMOAT_SLOTS]; }

  mutable std::mutex mutex_;
  std::unordered_map<Key, Owner, Hash> owners_;
  std::vector<OfNic> nics_ = std::vector<OfNic>(VMOAT_SLOTS);
};

}  // namespace vmoat
