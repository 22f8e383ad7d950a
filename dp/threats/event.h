// Events: what happens on a NIC or in a flow that a threat may judge.
#pragma once

#include "session/session.h"

namespace vmoat {

/** Who did something to whom. For a flow src is the client; for a packet its sender. */
struct Subject {
  Address src, dst;
  uint64_t flow = 0;     // FlowRecord::id, 0 = belongs to none
  uint32_t segment = 0;  // as FlowRecord::segment
  uint16_t sport = 0, dport = 0;
  uint16_t slot = no_slot;  // the NIC it was seen at; offline no_slot
  uint8_t way = VMOAT_FROM_NIC;
  uint8_t proto = 0, family = 0;  // family 0: not IP, addresses may be zero

  /** Live: the NIC's guest sent it. */
  [[nodiscard]] bool from_guest() const { return slot != no_slot && way == VMOAT_FROM_NIC; }
};

/** Which packets a threat looks at; bits. */
enum PacketKind : uint8_t {
  packet_first = 1,  // the first of a session
  packet_syn = 2,    // TCP with SYN
  packet_icmp = 4,   // ICMP, ICMPv6, with their data as far as it was captured
  packet_ack = 8,    // the client's first segment behind the handshake
};

struct PacketEvent {
  const Packet& packet;
  const Session& session;
  const Subject& subject;  // src sent it
  bool from_client;
  bool inside;  // a tunnel
};

/** What became of a flow; bits. None of them comes for a TCP flow that was met while it ran, but its end. */
enum FlowStep : uint8_t {
  flow_opened = 1,       // the client's first packet
  flow_established = 2,  // TCP: the client has ended the handshake
  flow_failed = 4,  // a reset answered the SYN, or nobody answered for 3 s; never to multicast or broadcast
  flow_grown = 8,   // UDP of a service that can amplify, echoes to broadcast: what came since the last time
  flow_ended = 16,  // the flow is over: `packets` and `bytes` are its totals
};

struct FlowEvent {
  FlowStep step;
  const Session& session;
  const Subject& subject;             // src is the client
  uint64_t packets[2], bytes[2];      // [to server, to client]
  std::string_view application = {};  // outermost layer, empty where unknown
  FlowEnd end = FlowEnd::open;
};

/** Somebody says who owns an address, offers itself as router or server, or asks for a server. */
struct NeighbourEvent {
  enum class Kind : uint8_t { arp, ndp, router, dhcp_server, dhcp_client };
  Kind kind;
  bool answer;           // ARP reply, neighbour advertisement
  bool directed;         // to one MAC only
  Address address;       // that is claimed; of a router, server or client its own
  Address asked;         // ARP: the target
  Mac mac;               // that claims it
  Mac frame_mac;         // source MAC of the frame
  uint32_t transaction;  // DHCP: its number
  const Subject& subject;
};

/** One NIC in one way, in the time since the previous such event (about a second). The subject's ends are
 * those that most of what was counted was between, as far as the engine heard of it. */
struct NicSecond {
  const Subject& subject;
  double seconds;
  std::array<uint64_t, VMOAT_METERS> counts;  // by vmoat_meter

  [[nodiscard]] uint64_t per_second(vmoat_meter m) const {
    return static_cast<uint64_t>(static_cast<double>(counts[m]) / seconds);
  }
};

}  // namespace vmoat
