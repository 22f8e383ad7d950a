// A flow as the kernel keeps it, and what the engine said of it. Part of kernel.h.
#pragma once

#include "contract/integers.h"

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
