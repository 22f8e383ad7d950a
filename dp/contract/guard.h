// How a NIC is guarded, and what its frames are judged by beside their flows. Part of kernel.h.
#pragma once

#include "contract/integers.h"

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
