// What the eBPF programs and the engine share: plain C, no pointers, every struct padded by hand.
// A change of any layout here raises VMOAT_LAYOUT: pins live under /sys/fs/bpf/vmoat/v<layout>.
#pragma once

#include "contract/flow.h"
#include "contract/guard.h"

#define VMOAT_LAYOUT 11
#define VMOAT_SLOTS 2048     /* NICs under watch at once; slot 0 is never given out */
#define VMOAT_WORKERS_MAX 64 /* one ring per worker */

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
