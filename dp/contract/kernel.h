// What the eBPF programs and the engine share: plain C, no pointers, every struct padded by hand.
// A change of any layout here raises VMOAT_LAYOUT: pins live under /sys/fs/bpf/vmoat/v<layout>.
#pragma once

#ifdef __cplusplus
#include <cstdint>
#else /* eBPF has no C library */
#include <linux/types.h>
typedef __u8 uint8_t;
typedef __u16 uint16_t;
typedef __u32 uint32_t;
typedef __u64 uint64_t;
#endif

#define VMOAT_LAYOUT 10
#define VMOAT_SLOTS 2048     /* NICs under watch at once; slot 0 is never given out */
#define VMOAT_WORKERS_MAX 64 /* one ring per worker */

/* Direction of a frame, as the guest sees it. */
enum vmoat_way {
  VMOAT_FROM_NIC = 0, /* the guest sent it */
  VMOAT_TO_NIC = 1,   /* the guest receives it */
};

/*
 * A flow as seen from one NIC: near is the guest's end, far the other one, whichever of them sent.
 * Addresses are IPv6, IPv4 as ::ffff:a.b.c.d. Ports are in host order. ICMP and ICMPv6: near_port is
 * the id of an echo or other query (else 0), far_port is type << 8 | code, a reply under its request's type.
 * Other protocols and fragments without ports: 0. tags are VLAN ids (12 bits), outermost first, 0 = none.
 */
struct vmoat_flow_key {
  uint8_t near[16];
  uint8_t far[16];
  uint16_t near_port;
  uint16_t far_port;
  uint16_t tags[2];
  uint16_t slot;
  uint8_t proto;  /* IANA protocol number after all extension headers */
  uint8_t family; /* 4 or 6 */
};

/* What a guarded NIC does with one way of a flow. Both words change as one of 64 bits, `held` on top, so that
 * no frame is held behind one that the verdict lets pass. */
struct vmoat_ruled {
  uint32_t verdict; /* vmoat_verdict_word(); 0 = undecided */
  uint32_t held;    /* vmoat_held_count() and vmoat_held_last() */
};
/* Frames that went to the engine since there was a verdict. */
static inline uint32_t vmoat_held_count(uint32_t held) {
  return held & 0xffffff;
}
/* Number of the last frame that was held, modulo 256: numbers run on, so that an answer to an earlier one is
 * not taken for one to a later one. */
static inline uint8_t vmoat_held_last(uint32_t held) {
  return (uint8_t)((held >> 24) + held);
}
static inline uint32_t vmoat_none_held(uint8_t last) {
  return (uint32_t)last << 24;
}

/* What stands between a content and the next one, and says how long that is. */
enum vmoat_head_kind {
  VMOAT_NO_HEAD = 0,
  VMOAT_CHUNK_HEAD =
      1, /* the end of a chunk of HTTP/1 and the size of the next (RFC 9112 7.1), no extension */
  VMOAT_RECORD_HEAD = 2, /* of a record of TLS (RFC 8446 5.1) */
};
#define VMOAT_HEAD_BYTES 11 /* of the longest that the kernel reads */

/* Part of a TCP stream that may be anything, and what comes behind it. Changes as one of 64 bits. */
struct vmoat_content {
  uint32_t until; /* sequence number of the first byte behind it */
  uint32_t ends;  /* vmoat_content_ends() */
};
#define VMOAT_CONTENT_MAX 0x3fffffffu
static inline uint32_t vmoat_content_ends(uint32_t bytes, enum vmoat_head_kind head) {
  return (uint32_t)head << 30 | bytes;
}
static inline uint32_t vmoat_content_bytes(struct vmoat_content content) {
  return content.ends & VMOAT_CONTENT_MAX;
}
static inline enum vmoat_head_kind vmoat_content_head(struct vmoat_content content) {
  return (enum vmoat_head_kind)(content.ends >> 30);
}

/* The bytes of a head that one frame has. Of a flow it is what has come of the one that is due, where the
 * frame ended within it. */
struct vmoat_head {
  uint32_t seq;
  uint8_t size;
  uint8_t bytes[VMOAT_HEAD_BYTES];
};

/*
 * The kernel's count of a flow. Index of the pairs is enum vmoat_way. Times are CLOCK_MONOTONIC, ns.
 *
 * The guest's CPU counts every frame, the other end's CPU looks for the verdict: they write and read
 * different cache lines. An entry of the table is 48 bytes of the kernel's own, the key's 44 and 4 more, and
 * this, four lines in all: the first part stands with the key.
 */
struct vmoat_flow {
  /* what hardly changes */
  struct vmoat_ruled ruled[2]; /* of a guarded NIC, per way */
  /* under VMOAT_FOLLOW: passes, and the heads behind it once the kernel has read and told them; under
   * VMOAT_ANSWER `until` is what the other end is to acknowledge */
  struct vmoat_content content __attribute__((aligned(8)));
  uint16_t sender; /* slot of the tapped NIC that the verdict's frames to this one come from; 0 = not known */
  uint8_t tcp_flags[2]; /* or of all flags seen */
  uint8_t picked_up;    /* TCP whose first packet here was no SYN: older than the tap */
  uint8_t fail_safe;    /* began towards a fail-safe port of the guest */
  uint8_t handshake[2]; /* frames that passed under VMOAT_OPENING, per way */
  /* what every frame changes */
  uint64_t packets[2];
  uint64_t bytes[2]; /* layer-2 frame lengths without FCS, super-frames as seen */
  uint64_t last_ns;
  /* TCP, per sender. With both ways seen `acked` is what the peer has acknowledged, else where it began. */
  uint32_t next[2]; /* after the furthest byte sent */
  uint32_t acked[2];
  uint32_t retransmissions[2]; /* segments that ended at or before `next`, keep-alives not among them */
  uint64_t first_ns;
  uint32_t want[2]; /* appetite: bytes of payload still to be copied up, per way; VMOAT_WANT_ALL = no end */
  struct vmoat_head head __attribute__((aligned(8))); /* begun */
  uint64_t unread_ns; /* when a frame last passed that is to be read, but nobody was there: 0: never */
  uint64_t pad[3];
};
#define VMOAT_WANT_ALL 0xffffffffu

/* What the engine said of a flow at one NIC. A word of another generation than the NIC's guard says nothing.
 */
enum vmoat_verdict {
  VMOAT_UNDECIDED = 0,
  VMOAT_ALLOW = 1,
  VMOAT_DENY = 2,
  VMOAT_OPENING = 3, /* it hangs on the application: a TCP handshake passes, the rest is held */
  VMOAT_FOLLOW = 4, /* the engine reads it all along: every frame that says something but content is held, and
                       content behind such a frame; at no cost to the NIC's budget */
  VMOAT_FOLLOWED = 5, /* likewise, at the NIC that it comes from: passes here, while the engine lives */
  VMOAT_ANSWER = 6 /* likewise, and a frame that acknowledges vmoat_flow.content.until has both ways allowed,
                      unless one of the other way was held since */
};
#define VMOAT_VERDICT_BITS 3
/* A handshake is a SYN, its answer and the answer's, none with payload, none longer than this (which leaves
 * room for all of TCP's options), and no more of them than that in either way. */
#define VMOAT_HANDSHAKE_BYTES 128
#define VMOAT_HANDSHAKE_FRAMES 3
static inline uint32_t vmoat_verdict_word(uint32_t generation, enum vmoat_verdict verdict) {
  return generation << VMOAT_VERDICT_BITS | (uint32_t)verdict;
}

static inline enum vmoat_verdict vmoat_verdict_of(uint32_t word) {
  return (enum vmoat_verdict)(word & ((1u << VMOAT_VERDICT_BITS) - 1));
}

/* Bits of vmoat_guard.flags. */
enum vmoat_guard_flag {
  VMOAT_GUARD_ON = 1,      /* without it nothing is held or dropped */
  VMOAT_FAIL_OPEN = 2,     /* without a live engine undecided frames pass, else they are dropped */
  VMOAT_WAITING = 4,       /* its policy is not in yet: only what teaches addresses passes */
  VMOAT_OWN_ADDRESSES = 8, /* the guest sends by its own MAC and addresses only */
  VMOAT_MAY_SERVE_DHCP = 16,
  VMOAT_MAY_ROUTE = 32,    /* router advertisements and redirects */
  VMOAT_PASS_UNKEYED = 64, /* frames that no rule can speak of (unknown EtherTypes) pass */
};
/* Each way's frames go on in the order they came in, unless more than so many of it were held: who sends
 * faster than the engine reads would be held for ever. */
#define VMOAT_HELD_IN_ORDER 256
/* What a held frame takes of its worker's queue, by its own length: the kernel's book-keeping is about that.
 */
static inline uint32_t vmoat_held_cost(uint32_t length) {
  return length + 1024;
}
/* How a NIC is guarded; user space may change it at any time. identity and segment are told of every NIC that
 * is tapped while any is guarded: verdicts hang on who sends, too. */
struct vmoat_guard {
  uint32_t flags;
  uint32_t generation; /* of the policy, 29 bits, never 0 */
  uint32_t identity;   /* 0: not known */
  uint32_t segment;    /* of untagged frames */
  uint8_t mac[6];      /* the guest's; zero: not known */
  uint8_t pad[10];
};
#define VMOAT_ANY_NIC 0 /* the slot nobody has: its guard is on while any is */
/* A worker that has not finished a turn for so long is dead or hung. */
#define VMOAT_HEARTBEAT_NS 200000000ull
/* A held frame goes to its worker's divert interface with two VLAN tags: outside whose it is and which way it
 * went, inside the slot of the tapped NIC that it came from, 0 = of none. On top of both, four bits each, the
 * lower ones outside: the frame's number among those held (vmoat_held_last). */
static inline uint16_t vmoat_divert_tag(uint16_t slot, uint8_t way, uint8_t number) {
  return (uint16_t)(number << 12 | slot << 1 | way);
}
static inline uint16_t vmoat_sender_tag(uint16_t sender, uint8_t number) {
  return (uint16_t)(number >> 4 << 12 | sender);
}
static inline uint8_t vmoat_held_number(uint16_t divert_tag, uint16_t sender_tag) {
  return (uint8_t)(divert_tag >> 12 | sender_tag >> 12 << 4);
}

/* The mark that a held frame bears on its way out of a tap to its guest, made of the one that it would bear
 * on its way in; sent by us, it has come from nowhere. One that has left the tap and comes in again, by
 * whatever way, is neither. */
static inline uint32_t vmoat_delivered(uint32_t reinjected) {
  return ~reinjected;
}
static inline int vmoat_is_delivered(uint32_t mark, uint32_t ingress_ifindex, uint32_t reinjected) {
  return reinjected && mark == vmoat_delivered(reinjected) && !ingress_ifindex;
}

/* A port of a guest that can be reached whatever the policy and the state of the engine, by NIC. */
struct vmoat_fail_safe {
  uint16_t slot;
  uint16_t port;
  uint8_t proto; /* TCP or UDP */
  uint8_t pad[3];
};

/* One entry, pinned; root may write it with nothing else of vmoat alive. Until then no guard drops or holds.
 */
struct vmoat_panic {
  uint64_t until_ns; /* CLOCK_BOOTTIME */
};

/* Who an address of a segment is. Written by the engine; of another generation than the guard's it says
 * nothing. A miss is an upcall, never `external`. */
struct vmoat_end_key {
  uint8_t address[16];
  uint32_t segment;
};
struct vmoat_end {
  uint32_t identity;
  uint32_t generation;
  uint16_t slot; /* of the NIC whose own address it is, 0 = of none */
  uint16_t pad;
};

/* The policy cache: what is allowed from one identity to another whatever the application is, and what hangs
 * on that. */
struct vmoat_pair {
  uint32_t from; /* identities; from = the client */
  uint32_t to;
  uint16_t service; /* the server's port; ICMP: type << 8 | code; other protocols: 0 */
  uint8_t proto;
  uint8_t pad;
};
/* value: vmoat_verdict_word() */

/* Where a later fragment belongs: the datagram it is of, as seen from one NIC, and its first fragment's
 * ports. */
struct vmoat_datagram {
  uint8_t near[16];
  uint8_t far[16];
  uint32_t id;
  uint16_t tags[2];
  uint16_t slot;
  uint8_t proto; /* IPv4; 0 for IPv6, whose id alone counts (RFC 8200 4.5) */
  uint8_t way;
};
struct vmoat_datagram_owner {
  uint32_t at_ms; /* CLOCK_MONOTONIC, wraps */
  uint16_t near_port;
  uint16_t far_port;
  uint8_t proto; /* after all extension headers */
  uint8_t pad[3];
};

/* Why an event was sent up; bits. */
enum vmoat_reason {
  VMOAT_NEW = 1,        /* first packet of a flow at this NIC */
  VMOAT_FLAGS = 2,      /* TCP flags not seen before in this way, or a SYN, FIN or RST */
  VMOAT_PAYLOAD = 4,    /* payload under an appetite */
  VMOAT_TEACH = 8,      /* ARP, NDP, DHCP, RARP: teaches addresses */
  VMOAT_FRAGMENT = 16,  /* IP fragment */
  VMOAT_ODD = 32,       /* not parsed by the kernel: unknown EtherType, broken or too many headers */
  VMOAT_UNTRACKED = 64, /* no room or quota in the flow table: this packet is not counted there */
  VMOAT_STRAY = 128     /* a TCP reset that its receiver must not obey (RFC 5961) */
};

/* What the kernel has read by itself of a frame that it lets pass, in ascending order. */
#define VMOAT_HEADS_MAX 32
struct vmoat_heads {
  uint32_t count;
  struct vmoat_head head[VMOAT_HEADS_MAX];
};

/* One upcall: this header, then `captured` bytes of the frame from its Ethernet header on. Without any reason
 * it is no frame, but a struct vmoat_heads of the flow. */
struct vmoat_event {
  uint64_t time_ns;  /* CLOCK_MONOTONIC */
  uint32_t length;   /* layer-2 length of the frame as seen */
  uint32_t captured; /* bytes that follow; less than length where cut */
  uint16_t slot;
  uint8_t way;      /* enum vmoat_way */
  uint8_t reason;   /* enum vmoat_reason bits */
  uint16_t tags[2]; /* VLAN tags that the kernel holds outside the bytes (802.1Q offload), 0 = none */
  struct vmoat_flow_key key; /* zero where the kernel made none */
  uint32_t pad;
};

/* What floods are made of: counted of every frame, whether it goes up or not. */
enum vmoat_meter {
  VMOAT_METER_SYN = 0,       /* TCP SYN without ACK */
  VMOAT_METER_COMPLETED = 1, /* connections whose opener acknowledged for the first time */
  VMOAT_METER_SYN_ACK = 2,
  VMOAT_METER_RESET = 3,
  VMOAT_METER_ICMP = 4, /* ICMP and ICMPv6 but for neighbour discovery */
  VMOAT_METER_UDP = 5,
  VMOAT_METER_UDP_NEW = 6, /* UDP packets that began a flow, or for which the table had no room */
  VMOAT_METER_FRAGMENT = 7,
  VMOAT_METER_BAD_FLAGS = 8,    /* TCP flags that no stack sends, see vmoat_bad_flags */
  VMOAT_METER_SMALL_WINDOW = 9, /* TCP acknowledgements with a window of 1 to 15 */
};
#define VMOAT_METERS 10

/* Bit n: the value n of the lowest six TCP flags (FIN SYN RST PSH ACK URG) is none that a stack sends: no
 * flag, FIN PSH URG, SYN with FIN or RST, FIN without ACK and RST. A test holds it to this rule. */
#define VMOAT_BAD_FLAGS 0xeac8eacac8c8cacbull

/* What became of a guarded NIC's frames that did not simply pass. */
enum vmoat_guarded {
  VMOAT_HELD = 0,        /* sent to the engine */
  VMOAT_DENIED = 1,      /* dropped: the flow's verdict */
  VMOAT_NO_FLOW = 2,     /* dropped: no room or quota in the flow table */
  VMOAT_NO_KEY = 3,      /* dropped: no rule can speak of it */
  VMOAT_FAILED_OPEN = 4, /* passed: the engine is dead or hung */
  VMOAT_FAILED_CLOSED = 5,
  VMOAT_NO_BUDGET = 6,     /* dropped: the NIC has spent its upcalls, or its share of a worker's queue */
  VMOAT_NO_POLICY = 7,     /* dropped: its policy is not in yet */
  VMOAT_SPOOFED = 8,       /* dropped: sent under a MAC or address that is not the guest's own */
  VMOAT_NOT_SERVED = 9,    /* dropped: the guest may not act as DHCP server or IPv6 router */
  VMOAT_BAD_FRAGMENT = 10, /* dropped: no stack sends such a fragment */
  VMOAT_PANICKED = 11,     /* passed: panic */
  VMOAT_CACHED = 12,       /* a flow decided by the policy cache */
  VMOAT_HANDSHAKE = 13,    /* passed: of the handshake of a flow whose application will decide */
};
#define VMOAT_GUARDED 14

/* Per NIC and CPU. */
struct vmoat_nic_counters {
  uint64_t packets[2]; /* enum vmoat_way; VMOAT_TO_NIC counts only what no other tap has counted */
  uint64_t bytes[2];
  uint64_t lost_ring;                 /* events dropped because the worker's ring was full */
  uint64_t lost_budget;               /* events withheld by the NIC's token bucket */
  uint64_t lost_table;                /* new flows not tracked: table full */
  uint64_t lost_quota;                /* new flows not tracked: NIC's quota reached */
  uint64_t lost_read;                 /* frames the program could not read (bpf_skb_load_bytes failed) */
  uint64_t guarded[2][VMOAT_GUARDED]; /* enum vmoat_way, enum vmoat_guarded */
  uint64_t meters[2][VMOAT_METERS];   /* enum vmoat_way, enum vmoat_meter */
};

/* A tapped interface: what (netns, ifindex) stands for. netns is the namespace's inode number. */
struct vmoat_tap_id {
  uint32_t netns;
  uint32_t ifindex;
};
struct vmoat_tap {
  uint16_t slot;
  uint8_t counts_sent; /* its FROM_NIC hook is in place: receivers need not count what came from here */
  uint8_t hook;        /* enum vmoat_hook */
  uint8_t made_qdisc;  /* the clsact qdisc is ours */
  uint8_t pad[3];
};
enum vmoat_hook { VMOAT_HOOK_NONE = 0, VMOAT_HOOK_TCX = 1, VMOAT_HOOK_CLSACT = 2 };

/*
 * The same by ifindex modulo VMOAT_TAP_INDEX, so that most look-ups need no hash. Where two taps share a
 * place, the first has it, and `shared` sends everybody else to the hash.
 */
#define VMOAT_TAP_INDEX 65536
struct vmoat_tap_place {
  struct vmoat_tap_id id; /* zero = nobody */
  struct vmoat_tap tap;
  uint32_t shared;
  uint32_t pad;
};

/* Shared state of one NIC, one cache line. */
struct vmoat_slot {
  uint64_t spent_until_ns; /* token bucket as a virtual clock: how far ahead of now this NIC has spent */
  uint32_t flows;          /* entries in the flow table */
  uint32_t pad[13];
};

/* One entry; user space may change it at any time. */
struct vmoat_settings {
  uint32_t workers;        /* rings in use, 0 = nobody listens: count only */
  uint32_t flows_per_nic;  /* quota */
  uint32_t opening_bytes;  /* appetite of a new flow, per way */
  uint32_t wake_bytes;     /* data waiting in a ring that wakes its reader early */
  uint32_t upcall_cost_ns; /* token bucket: one upcall */
  uint32_t seed;           /* of the choice of a worker */
  uint64_t upcall_burst_ns;
  uint32_t held_bytes_per_nic; /* what one NIC may have on its way to one worker, see vmoat_held_cost */
  uint32_t pad;
};

/* What the engine says of a flow, and what it hears back. */
enum vmoat_ask {
  VMOAT_ASK_WANT = 1,    /* set the appetite */
  VMOAT_ASK_COLLECT = 2, /* copy the final count to `flow` and forget the entry */
  /* `verdict` from now on, of each way for itself, for what comes from `sender`: provided that the frame
   * `returned` was the last one held, so that none is on its way any more, or too many were */
  VMOAT_ASK_VERDICT = 3,
};
struct vmoat_answer {
  struct vmoat_flow_key key;
  uint32_t ask; /* the program writes 0 where the kernel does not know the flow */
  uint32_t want[2];
  uint32_t verdict[2];
  uint16_t returned[2]; /* number of the last frame that went on, modulo 256, or one of those below */
  uint32_t sender;
  struct vmoat_content content __attribute__((aligned(8)));
  struct vmoat_flow flow;
};
#define VMOAT_RETURNED_ALL 0xffffu /* whatever was held */
#define VMOAT_NOT_RETURNED 0xfffeu /* one is on its way: this way of the flow stays as it is */
/* Argument of the answering program: a run of the answers array. */
struct vmoat_answer_run {
  uint32_t first;
  uint32_t count;
};

/* Which worker hears of a flow. Symmetric and blind to ports: fragments, ICMP errors and related flows
 * meet on one worker. `near` and `far` are a key's addresses, 4-byte aligned. */
static inline uint32_t vmoat_mix(const uint8_t* address, uint32_t seed) {
  uint32_t h = seed;
  for (int i = 0; i < 4; i++) {
    uint32_t word;
    __builtin_memcpy(&word, address + 4 * i, 4);
    h = (h ^ word) * 0x9e3779b1u;
    h ^= h >> 15;
  }
  /* neighbours differ in the last octet, which stands in the word's top bits: bring it down */
  h ^= h >> 16;
  h *= 0x85ebca6bu;
  h ^= h >> 13;
  h *= 0xc2b2ae35u;
  return h ^ h >> 16;
}
static inline uint32_t vmoat_worker(const struct vmoat_flow_key* key, uint32_t seed, uint32_t workers) {
  return workers > 1 ? (vmoat_mix(key->near, seed) + vmoat_mix(key->far, seed)) % workers : 0;
}

/*
 * A splice: a NIC's tap outside its bridge, and the port that stands for it there. Programs on either find it
 * by (netns, ifindex). One word says how far it has got, so that what changes for a frame changes at once.
 */
enum vmoat_stage {
  VMOAT_STANDBY = 0,  /* the port waits in the bridge; nothing passes it */
  VMOAT_ENTERING = 1, /* the guest sends by the port and receives by both, each frame once */
  VMOAT_SPLICED = 2,  /* everything goes by the port */
  VMOAT_LEAVING = 3,  /* the guest sends by the tap and receives by both, each frame once */
};
struct vmoat_splice {
  uint32_t tap;      /* ifindex */
  uint32_t port;     /* ifindex of the veth end in the bridge */
  uint32_t stage;    /* enum vmoat_stage */
  uint32_t since_ms; /* of CLOCK_MONOTONIC, when the stage was set; wraps */
  uint32_t netns;    /* inode number of the namespace of both */
  uint32_t apart;    /* its programs are attached to the tap by themselves, see vmoat_hand_on */
};

/*
 * Whom the tap's programs hand a frame on to: a splice's, so that it attaches none to the tap. Each change of
 * what is attached there keeps the whole host's rtnetlink waiting for a grace period.
 */
enum vmoat_hand_on {
  VMOAT_TO_CARRY_OUT, /* by from_nic, what it lets pass */
  VMOAT_TO_GATE,      /* by to_nic, before it does anything */
  VMOAT_TO_JUDGE,     /* by the gate, what it lets pass: the rest of to_nic */
  VMOAT_HAND_ON
};
