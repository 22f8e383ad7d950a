// Bulk records from the engine to TypeScript: fixed size, little-endian, decoded by dp/client/flow-record.ts.
// A test holds these offsets against the decoder's.
#pragma once

#include <cstddef>
#include <cstdint>

namespace vmoat {

enum class Confidence : uint8_t { none, guess, sure };
enum class FlowEnd : uint8_t { open, fin, rst, timeout, eof, evicted };
enum class Direction : uint8_t { inferred, seen };
enum class Verdict : uint8_t { none, allow, deny };
enum class Enforced : uint8_t { passed, dropped, reset };
enum class DecidedBy : uint8_t { none, rule, mode, fail_policy, panic };
enum class TunnelKind : uint8_t {
  none,
  vxlan,
  geneve,
  gre,
  erspan,
  gtp,
  teredo,
  ipip,
  fourinsix,
  sixinfour,
  mpls
};

struct TunnelLayer {
  uint32_t id;  // VNI, GRE key, TEID, label
  TunnelKind kind;
  uint8_t pad[3];
};

/** Flag bits of FlowRecord::flags. */
enum FlowFlags : uint8_t {
  flow_picked_up = 1,  // older than the tap: first TCP packet seen was no SYN
  flow_violation = 2,
};

constexpr uint16_t no_slot = 0;  // NIC slots begin at 1

/**
 * A flow between a client (src) and a server (dst). Pairs are [to server, to client]. `packets` and
 * `bytes` are totals since the flow began, `delta_*` what came since the previous record of this flow.
 */
struct FlowRecord {
  uint64_t id;       // unique for this boot of dp: never re-used
  uint64_t parent;   // outer or earlier-leg flow, 0 = none
  int64_t first_ns;  // since the epoch
  int64_t last_ns;
  uint64_t packets[2];
  uint64_t bytes[2];
  uint64_t delta_packets[2];
  uint64_t delta_bytes[2];
  uint64_t anomalies;  // bit n: registry.anomalies[n]
  uint64_t threats;    // bit n: registry.threats[n]
  uint8_t src[16];     // IPv6, IPv4 as ::ffff:a.b.c.d
  uint8_t dst[16];
  uint8_t src_mac[6];
  uint8_t dst_mac[6];
  uint16_t sport;  // ICMP: sport = echo id, dport = type << 8 | code
  uint16_t dport;
  uint16_t src_slot;  // NIC slot of the end, no_slot where it is not one of this host's taps
  uint16_t dst_slot;
  uint16_t tags[2];    // VLAN ids, outermost first, 0 = none
  uint16_t layers[3];  // application, outermost layer first: registry.applications[n]; 0 = none
  uint16_t pad0;
  uint32_t segment;       // number of the segment, see the `segments` message; offline: capture interface
  uint32_t rule;          // 0 = none
  uint32_t facts_at;      // offset of this flow's facts in the batch's fact area, bytes
  uint32_t facts_length;  // 0 = no facts, or unchanged since the previous record of this flow
  uint32_t retransmissions[2];  // TCP segments that repeated data, by sender: [client, server]
  TunnelLayer tunnel[4];        // outermost first, kind none = end
  uint8_t proto;
  uint8_t family;  // 4, 6; 0 = not IP
  Confidence confidence;
  Direction direction;
  FlowEnd end;
  Verdict verdict;
  Enforced enforced;
  DecidedBy decided_by;
  uint8_t flags;  // FlowFlags
  uint8_t pad1[7];
};
static_assert(sizeof(FlowRecord) % 8 == 0);

/**
 * A batch of flow records: this header, `count` records, then `facts_bytes` of facts.
 * A flow's facts are a run of {uint8 key (registry.facts[key]), uint8 0, uint16 length, bytes}, no padding.
 * The bytes of a fact are what the peer sent, unescaped; whoever shows them escapes them.
 */
struct FlowBatchHeader {
  uint32_t record_size;  // sizeof(FlowRecord)
  uint32_t count;
  uint32_t facts_bytes;
  uint32_t number;  // of this batch in its instance of dp, from 1 on; 0 until it leaves dp
};

/** An address learned in a segment. */
enum class AddressSource : uint8_t { traffic, arp, ndp, dhcp };
struct AddressRecord {
  uint8_t address[16];
  uint8_t mac[6];
  uint16_t slot;  // NIC it was seen behind, no_slot = somewhere else in the segment
  uint32_t segment;
  AddressSource source;
  uint8_t gone;  // 1: expired
  uint8_t pad[2];
  int64_t seen_ns;  // since the epoch
};
static_assert(sizeof(AddressRecord) == 40);

/**
 * DNS told a NIC's guest that a name has an address: a question of the guest's and its answer were seen. The
 * same (segment, slot, name, address) comes again when it counts for longer.
 */
struct NameRecord {
  uint8_t address[16];  // IPv6, IPv4 as ::ffff:a.b.c.d
  uint8_t server[16];   // who answered, likewise
  int64_t seen_ns;      // since the epoch
  int64_t until_ns;     // it counts until then, if it does not come again
  uint32_t segment;     // of the NIC
  uint32_t ttl_s;       // as the answer had it, within LearnedNames' bounds
  uint16_t slot;        // NIC that asked
  uint8_t gone;         // 1: it counts no more, whatever until_ns says: no room, or its NIC is gone
  uint8_t name_length;
  uint8_t name[260];  // a host's, in lower case: letters, digits, '-', '_' and dots; at most 253
};
static_assert(sizeof(NameRecord) == 320);

/**
 * A threat seen between src and dst at one NIC. The same incident comes again, at most once a second, with a
 * larger `count`; after 60 s of silence the next one is another incident.
 */
struct ThreatRecord {
  uint64_t id;       // of the incident, unique for this boot of dp
  uint64_t flow;     // FlowRecord::id where it was seen last, 0 = belongs to no flow
  int64_t first_ns;  // since the epoch
  int64_t last_ns;
  uint64_t count;   // times it was seen since first_ns
  uint8_t src[16];  // who did it; IPv6, IPv4 as ::ffff:a.b.c.d
  uint8_t dst[16];
  uint32_t segment;
  uint16_t slot;  // NIC it was seen at; no_slot offline
  uint16_t sport, dport;
  uint8_t proto;
  uint8_t family;    // 4, 6; 0 = not IP, addresses may be zero
  uint8_t threat;    // registry.threats[n]
  uint8_t from_nic;  // 1: the NIC's guest sent it
  uint8_t evidence_length;
  uint8_t evidence[257];  // unescaped; whoever shows it escapes it
};
static_assert(sizeof(ThreatRecord) == 344);

}  // namespace vmoat
