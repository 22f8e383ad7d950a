// HeldDatagrams: of fragmented datagrams at guarded NICs, whose their first fragment was and what of them has
// been let through, so that nothing passes on the strength of another datagram's ports.
#pragma once

#include <cstdint>
#include <vector>

#include "base/bucket_index.h"
#include "base/clock.h"
#include "base/siphash.h"
#include "base/slab.h"
#include "contract/kernel.h"
#include "engine/ticket.h"
#include "parse/packet.h"

namespace vmoat {

/** Which datagram a fragment is of (RFC 791, 8200 4.5), where it was held and who sent it. */
struct DatagramKey {
  Address src, dst;
  uint32_t id = 0, scope = 0;
  uint16_t slot = 0, sender = 0;
  uint8_t proto = 0;  // IPv4; 0 for IPv6
  uint8_t family = 0, way = 0;
  uint8_t pad = 0;

  bool operator==(const DatagramKey&) const = default;
};
static_assert(sizeof(DatagramKey) == 48);

/** What its first fragment said. */
struct DatagramOwner {
  uint32_t session = 0;
  uint64_t id = 0;       // of the session, which may have gone since
  vmoat_flow_key key{};  // the kernel's
  int8_t sender = 0;     // end of the session
  bool passes = false;   // the first fragment did
};

class HeldDatagrams {
 public:
  static constexpr uint32_t datagrams_max = 1024;
  static constexpr uint32_t share = 4;  // one part for what one NIC sends
  static constexpr int64_t known_ns = ns_per_s;
  static constexpr uint32_t pieces_max = 128;  // a datagram of 64 KiB in frames of 576 bytes

  explicit HeldDatagrams(SipHash hash);

  /** With which fragments of it wait. */
  [[nodiscard]] Ticket ticket_of(const DatagramKey& key) const;
  /** Its first fragment comes. False: it is remembered as bad, or there is no room. */
  bool begin(const DatagramKey& key, const Packet& first, const DatagramOwner& owner, int64_t now_ns);
  /** Whose it is; null where its first fragment has not come. */
  [[nodiscard]] const DatagramOwner* find(const DatagramKey& key, int64_t now_ns);
  /** Another fragment of a datagram that find() knows. False: it does not fit the others, and no other one
   * will from now on (RFC 5722). */
  bool add(const DatagramKey& key, const Packet& fragment);

 private:
  struct Piece {
    uint16_t begin, end;
    uint32_t content;  // its hash
  };
  struct Datagram {
    DatagramKey key;
    DatagramOwner owner;
    int64_t until_ns;
    uint32_t older, newer, hash;
    uint32_t total;  // bytes; 0: its last fragment has not come
    uint32_t held;   // bytes that have come
    uint16_t pieces;
    bool bad;
    Piece piece[pieces_max];
  };

  [[nodiscard]] uint32_t number(const DatagramKey& key) const;
  uint32_t make(const DatagramKey& key, int64_t now_ns);
  bool fits(Datagram& datagram, const Packet& fragment);
  [[nodiscard]] uint32_t content_of(const Packet& fragment) const;
  void expire(int64_t now_ns);
  void forget(uint32_t number);
  [[nodiscard]] uint16_t& share_of(const DatagramKey& key) {
    return shares_[(key.sender != 0 ? key.sender : key.slot) % VMOAT_SLOTS];
  }

  SipHash hash_;
  Slab<Datagram> all_;
  BucketIndex index_;
  std::vector<uint16_t> shares_;  // datagrams under way, by slot
  uint32_t oldest_ = 0, newest_ = 0;
};

/** Whether no stack sends such a fragment: without its whole header chain in the first one (RFC 7112), over
 * TCP's flags (RFC 1858), of odd or no size, or beyond what a datagram can hold. */
bool is_bad_fragment(const Packet& fragment);

}  // namespace vmoat
