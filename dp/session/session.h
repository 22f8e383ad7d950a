// Session: the engine's stateful view of a flow, in four cache lines; what is looked at per packet stands
// first.
#pragma once

#include <cstdint>

#include "base/siphash.h"
#include "base/wheel.h"
#include "contract/records.h"
#include "parse/packet.h"

namespace vmoat {

/**
 * Both directions of a flow have one key: the lower end stands first (by any fixed order). `scope` is the
 * number of (segment, tags, tunnel) in the Paths table.
 */
struct SessionKey {
  Address low, high;
  uint16_t low_port = 0, high_port = 0;
  uint32_t scope = 0;  // bits 0-22 scope, 23 set for IPv6, 24-31 protocol

  /** Compared as words: the packet path does it once per packet, and memcmp is a call. */
  bool operator==(const SessionKey& other) const {
    uint64_t mine, its;
    std::memcpy(&mine, &low_port, sizeof mine);
    std::memcpy(&its, &other.low_port, sizeof its);
    return ((low.words[1] ^ other.low.words[1]) | (high.words[1] ^ other.high.words[1]) |
            (low.words[0] ^ other.low.words[0]) | (high.words[0] ^ other.high.words[0]) | (mine ^ its)) == 0;
  }
  [[nodiscard]] uint8_t proto() const { return static_cast<uint8_t>(scope >> 24); }
  [[nodiscard]] uint8_t family() const { return (scope & scope_v6) != 0 ? 6 : 4; }
  static constexpr uint32_t scope_v6 = 1u << 23;
};
static_assert(sizeof(SessionKey) == 40);

/** A key, and which of its ends sent the packet it was made from (0 low, 1 high). */
struct KeyedPacket {
  SessionKey key;
  uint32_t hash = 0;
  uint8_t sender = 0;
};
/** ICMP's two "ports" belong to the flow, not to an end: they stay as they are. */
KeyedPacket key_of(const Packet& packet, uint32_t scope, const SipHash& hash);
KeyedPacket key_of(const Address& src, const Address& dst, uint16_t sport, uint16_t dport, uint8_t proto,
                   uint8_t family, uint32_t scope, const SipHash& hash);

/** What is tracked of one TCP end and of what it sends. */
struct TcpEnd {
  static constexpr uint32_t retransmissions_max = (1u << 24) - 1;

  uint32_t next = 0;          // sequence number after the last byte in order
  uint32_t high = 0;          // after the furthest byte seen; beyond next there is a hole
  uint32_t acked = 0;         // what the peer has acknowledged of it
  uint16_t window = 0;        // as this end last advertised it
  uint8_t flags = 0;          // or of all flags this end sent
  uint8_t scale : 4 = 0;      // of its window; in force where both SYNs bore one
  bool scales : 1 = false;    // its SYN bore a window scale
  bool known : 1 = false;     // next, high and acked are meant
  bool gap : 1 = false;       // data is missing for good: the stream is no longer whole
  bool answered : 1 = false;  // it sent SYN and ACK together
  uint32_t retransmissions : 24 = 0;
  uint32_t early : 7 = 0;       // out-of-order segments held
  bool asked_anew : 1 = false;  // a SYN came amid the connection; if the peer takes it, another one begins

  void retransmitted() {
    if (retransmissions < retransmissions_max) retransmissions++;
  }
};
static_assert(sizeof(TcpEnd) == 20);

enum class State : uint8_t {
  fresh,        // counted only, nothing decoded yet
  half_open,    // SYN without the handshake's end
  established,  // TCP, also picked up
  closing,      // one FIN
  closed,       // both FINs or a RST: waits for late packets
  unanswered,   // not TCP, one direction only
  answered,     // not TCP, both directions
  ended,        // live: record waits for the kernel's last count
};

enum SessionFlags : uint16_t {
  client_is_high = 1,
  direction_was_seen = 2,
  was_picked_up = 4,
  is_dirty = 8,      // changed since the last report
  is_decided = 16,   // nobody asks about the application any more
  is_followed = 32,  // decided, and its recogniser still reads messages
  is_tunnel = 64,    // holds flows of its own
  is_shown = 128,    // nobody knows it: the fallback is shown what it says
  facts_changed = 256,
  sent_low = 512,  // the low end has sent something
  sent_high = 1024,
  is_sure = 2048,  // the application's claim
  is_guess = 4096,
  kernel_low = 8192,  // the kernel has an entry at the NIC of the low end
  kernel_high = 16384,
  is_wanted = 32768,  // live: the kernel was asked for more
};

struct alignas(64) Session {
  // finding
  SessionKey key;
  uint32_t hash;
  WheelLink link;
  State state;
  FlowEnd end;
  uint8_t expected;  // registry number + 1 of what another flow announced this one as, 0 = none

  // counting and tracking; indexed by end, 0 low, 1 high
  int64_t last_ns;
  uint64_t packets[2], bytes[2];
  TcpEnd tcp[2];

  // recognition
  uint64_t candidates;  // recognisers still in question; then what threats read (engine/contents.h)
  uint64_t anomalies;
  uint32_t opening[2];  // pieces of stream memory of Arena::room(opening_bytes), 0 = none
  uint32_t early[2];    // out-of-order segments, chained, 0 = none
  uint16_t opening_bytes[2];
  uint32_t progress;  // undecided: times asked; followed: bytes read; shown to the fallback: its slot
  uint32_t facts;     // piece of facts memory of Arena::room(facts_bytes), 0 = none
  uint16_t facts_bytes;
  uint16_t flags;        // SessionFlags
  uint16_t application;  // number of who claimed it: registry's + 1, behind those the operator's; 0 = none
  uint16_t layers[3];    // likewise, outermost first
  uint16_t slot[2];

  // reporting
  uint64_t id, parent;
  int64_t first_ns;
  uint64_t threats;
  uint32_t path;
  Mac mac[2];

  [[nodiscard]] bool has(SessionFlags f) const { return (flags & f) != 0; }
  void set(SessionFlags f) { flags = static_cast<uint16_t>(flags | f); }
  void clear(SessionFlags f) { flags = static_cast<uint16_t>(flags & ~f); }
  /** The end that is the client: 0 low, 1 high. */
  [[nodiscard]] int client() const { return has(client_is_high) ? 1 : 0; }
  /** Whose share of memory keeps what is said: the client's NIC's, or where that is none of ours the
   * server's. */
  [[nodiscard]] uint16_t spending_slot() const {
    return slot[client()] != no_slot ? slot[client()] : slot[1 - client()];
  }
  void set_client(int which) { which != 0 ? set(client_is_high) : clear(client_is_high); }
};
static_assert(sizeof(Session) == 256);

}  // namespace vmoat
