// LearnedNames: which names DNS gave an address, by the NIC whose guest was told so; one bounded table for
// all workers of a host, since a name's flows may go through another worker than its question did.
#pragma once

#include <algorithm>
#include <array>
#include <mutex>
#include <string_view>
#include <vector>

#include "base/bucket_index.h"
#include "base/clock.h"
#include "base/siphash.h"
#include "base/slab.h"
#include "base/wheel.h"
#include "contract/kernel.h"
#include "contract/records.h"
#include "parse/packet.h"

namespace vmoat {

/** An answer's word: `name` has `address`. */
struct NameLesson {
  std::string_view name;  // in lower case, at most 253 bytes
  Address address;
  Address server;  // who answered
  uint32_t segment = 0;
  uint32_t ttl_s = 0;
  uint16_t slot = no_slot;  // NIC that asked
};

/** Every method may be called from any thread. */
class LearnedNames {
 public:
  static constexpr uint32_t capacity_standard = 1u << 16;
  static constexpr uint32_t per_nic_standard = 4096;
  static constexpr uint32_t ttl_min_s =
      60;  // less is taken for as much: guests connect a while after they ask
  static constexpr uint32_t ttl_max_s = 86400;  // more is taken for as much
  /** Counts for longer than the TTL, so that whoever asks again and again is news only this seldom. */
  static constexpr uint32_t grace_s = 30;
  static constexpr size_t news_max = 4096;  // that are handed out at once

  explicit LearnedNames(SipHash hash, uint32_t capacity = capacity_standard,
                        uint32_t per_nic_max = per_nic_standard);

  /** A NIC that has its share forgets its own oldest; a full table that of the NIC that has most. */
  void learn(const NameLesson& lesson, int64_t now_ns);
  /** Adds what is new, counts for longer or is gone before its time; a rest waits for the next call. */
  void take_news(int64_t now_ns, std::vector<NameRecord>& news);
  /** Makes news of everything that is known. */
  void retell();
  /** The slot will be another NIC's. */
  void forget_nic(uint16_t slot);

  /** Calls `each(name, slot)` for the names that count for an address of a segment, until it returns true. */
  template <class Each>
  void of(uint32_t segment, const Address& address, int64_t now_ns, Each&& each) {
    const std::lock_guard lock(mutex_);
    for (uint32_t n = first_of(segment, address); n != 0; n = slab_[n].chain_next)
      if (slab_[n].until_ns > now_ns && each(slab_[n].view(), slab_[n].slot)) return;
  }

  [[nodiscard]] uint32_t known();
  /** Went before their time for want of room. */
  [[nodiscard]] uint64_t displaced();

 private:
  struct Entry {
    Address address, server;
    WheelLink link;
    uint32_t hash, address_hash, segment, ttl_s;
    uint32_t nic_next, nic_prev;      // of the same NIC, oldest first
    uint32_t chain_next, chain_prev;  // of the same address
    int64_t seen_ns, until_ns;
    uint16_t slot;
    uint8_t name_length;
    std::array<char, 253> name;
    [[nodiscard]] std::string_view view() const { return {name.data(), name_length}; }
  };
  struct OfNic {
    uint32_t first = 0, last = 0, count = 0;
  };
  friend class Wheel<LearnedNames>;
  WheelLink& link(uint32_t number) { return slab_[number].link; }
  void prefetch(uint32_t) const {}

  [[nodiscard]] uint32_t hash_of(const NameLesson& lesson) const;
  [[nodiscard]] uint32_t hash_of(uint32_t segment, const Address& address) const;
  [[nodiscard]] uint32_t find(const NameLesson& lesson, uint32_t hash) const;
  [[nodiscard]] uint32_t first_of(uint32_t segment, const Address& address) const;
  uint32_t make(const NameLesson& lesson, uint32_t hash);
  void make_room(const OfNic& own);
  void freshen(uint32_t number, const NameLesson& lesson, int64_t now_ns);
  void tell(uint32_t number, bool gone);
  void erase(uint32_t number);
  void enter_nic(uint32_t number);
  void leave_nic(uint32_t number);
  bool enter_chain(uint32_t number);
  void leave_chain(uint32_t number);

  std::mutex mutex_;
  SipHash hash_;
  uint32_t per_nic_max_;
  Slab<Entry> slab_;
  BucketIndex index_, heads_;  // of all; of the first of each address
  Wheel<LearnedNames> wheel_;
  std::vector<OfNic> nics_;
  std::vector<NameRecord> news_;
  uint32_t retold_ = 0;  // from this one on they are to be told again, 0 = none
  uint64_t displaced_ = 0;
};

}  // namespace vmoat
