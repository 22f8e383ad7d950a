// Addresses: which MAC an address of a segment belongs to, learned from ARP, NDP, DHCP and the traffic's own
// MACs.
#pragma once

#include <vector>

#include "base/bucket_index.h"
#include "base/siphash.h"
#include "base/slab.h"
#include "base/wheel.h"
#include "contract/records.h"
#include "parse/packet.h"

namespace vmoat {

/** Something that tells an address. */
struct Lesson {
  Address address;
  Mac mac{};
  uint32_t segment = 0;
  uint16_t slot = no_slot;
  AddressSource source = AddressSource::traffic;
};

/** What became of a lesson. */
enum class Learned : uint8_t {
  refused,  // no room
  known,    // nothing new, told lately
  news,     // new, changed, or told again after repeat_s
};

class Addresses {
 public:
  static constexpr int64_t repeat_s = 60;  // an address that is still there is told again this seldom
  static constexpr size_t news_max = 1 << 16;
  static constexpr int64_t silence_s = 3600;  // then it is gone

  Addresses(uint32_t capacity, SipHash hash);

  /** A better source (dhcp over ndp and arp over traffic) is kept for its
   * silence. */
  Learned learn(const Lesson& lesson, int64_t now_ns);
  /** What is new, changed, due for repetition or gone; the caller clears it. At most news_max between two
   * calls. */
  std::vector<AddressRecord>& take_news(int64_t now_ns);
  /** Makes news of every address that is known. */
  void retell();
  WheelLink& link(uint32_t number) { return slab_[number].link; }
  void prefetch(uint32_t) const {}

 private:
  struct Entry {
    Address address;
    WheelLink link;
    uint32_t hash, segment;
    int64_t seen_ns, told_ns;
    Mac mac;
    uint16_t slot;
    AddressSource source;
  };
  void tell(Entry& entry, bool gone);
  void begin(const Lesson& lesson, uint32_t hash, uint32_t number, int64_t now_ns);
  Learned freshen(Entry& entry, const Lesson& lesson, int64_t now_ns);

  SipHash hash_;
  Slab<Entry> slab_;
  BucketIndex index_;
  Wheel<Addresses> wheel_;
  std::vector<AddressRecord> news_;
};

/** Reads an ARP or NDP packet; false where it teaches nothing. */
bool lesson_of_arp(const Packet& packet, Lesson& lesson);
bool lesson_of_ndp(const Packet& packet, Lesson& lesson);
/** Unicast and not unspecified or loopback: an address that somebody can own. */
bool is_ownable(const Address& address);

}  // namespace vmoat
