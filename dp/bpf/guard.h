// The guard of a NIC in protect: a frame passes by its flow's verdict, or by what the engine has said before
// of such flows, or goes to the engine and waits there.
#pragma once

#define DROP 2     /* TC_ACT_SHOT */
#define HOLD 100   /* of settle() alone: see hold() */
#define READ 101   /* likewise: see read_heads() */
#define UNREAD 102 /* passes, whatever it says: see note_unread() */

static __always_inline struct vmoat_guard* guard_of(__u32 slot) {
  struct vmoat_guard* guard = bpf_map_lookup_elem(&guards, &slot);
  return guard && (guard->flags & VMOAT_GUARD_ON) ? guard : 0;
}

static __always_inline int guarded(struct vmoat_nic_counters* counters, __u8 way, enum vmoat_guarded what,
                                   int then) {
  counters->guarded[way & 1][what]++;
  return then;
}

/* Nobody answers any more: the NIC's own choice. */
static __always_inline bool engine_is_gone(__u32 worker) {
  __u64* beat = bpf_map_lookup_elem(&heartbeats, &worker);
  if (!beat) return true;
  __s64 silent_ns = bpf_ktime_get_ns() - *beat; /* below zero where the worker has beaten since we looked */
  return silent_ns > (__s64)VMOAT_HEARTBEAT_NS;
}

static __always_inline bool in_panic(void) {
  const __u32 zero = 0;
  struct vmoat_panic* entry = bpf_map_lookup_elem(&panic, &zero);
  return entry && entry->until_ns && bpf_ktime_get_boot_ns() < entry->until_ns;
}

/* Sent by the guest's own MAC, as far as it is known. */
static __always_inline bool is_own_mac(const struct __sk_buff* skb, const struct vmoat_guard* guard) {
  const __u8* frame = (const __u8*)(long)skb->data;
  const __u8* end = (const __u8*)(long)skb->data_end;
  const __u32* own = (const __u32*)guard->mac;
  if (!own[0] && !guard->mac[4] && !guard->mac[5]) return true;
  if (frame + 14 > end) return false;
  __u32 high;
  __builtin_memcpy(&high, frame + 6, 4);
  return high == own[0] && frame[10] == guard->mac[4] && frame[11] == guard->mac[5];
}

/* An undecided frame: to its worker, with two tags that say whose it is. Global for the verifier's sake, see
 * parse_any. */
__noinline int hold(struct __sk_buff* skb, struct packet* p) {
  if (!p) return PASS;
  const __u32 zero = 0;
  __u32 slot = p->key.slot;
  __u8 way = p->way;
  struct vmoat_nic_counters* counters = bpf_map_lookup_elem(&nics, &slot);
  struct vmoat_settings* set = bpf_map_lookup_elem(&settings, &zero);
  struct vmoat_guard* guard = guard_of(slot);
  if (!counters || !set || !guard) return PASS;
  __u32 worker = worker_of(p);
  __u32* divert = bpf_map_lookup_elem(&diverts, &worker);
  if (!divert || !*divert || engine_is_gone(worker))
    return guard->flags & VMOAT_FAIL_OPEN ? guarded(counters, way, VMOAT_FAILED_OPEN, UNREAD)
                                          : guarded(counters, way, VMOAT_FAILED_CLOSED, DROP);
  __u32 from = p->sender ? p->sender : slot;
  struct vmoat_slot* spender = bpf_map_lookup_elem(&slots, &from);
  struct vmoat_flow* flow = 0;
  if (!(p->reason & VMOAT_TEACH)) {
    struct vmoat_flow_key key = p->key; /* 6.1 takes a key from the stack only */
    flow = bpf_map_lookup_elem(&flows, &key);
    if (!flow) return guarded(counters, way, VMOAT_NO_FLOW, DROP);
  }
  barrier_var(flow); /* else it is asked about by the reason, of which 6.1 does not know what it says of it */
  bool follows = flow && has_verdict(p, flow, guard, VMOAT_FOLLOW);
  if (!follows && (!spender || !within_budget(spender, set, bpf_ktime_get_ns())))
    return guarded(counters, way, VMOAT_NO_BUDGET, DROP);
  __u32 place = worker * VMOAT_SLOTS + from, cost = vmoat_held_cost(skb->len);
  __u64* waiting = bpf_map_lookup_elem(&on_way, &place);
  if (!waiting || (__s64)*waiting >= set->held_bytes_per_nic)
    return guarded(counters, way, VMOAT_NO_BUDGET, DROP);
  __u8 number = 0;
  if (flow) {
    __u64 before = __sync_fetch_and_add((__u64*)&flow->ruled[way & 1], 1ull << 32);
    bool passes =
        (__u32)before == verdict_word(guard, VMOAT_ALLOW); /* what comes behind it may do so already */
    if (passes && !is_another(p, flow)) return PASS;
    number = vmoat_held_last(before >> 32) + 1;
  }
  guarded(counters, way, VMOAT_HELD, 0);
  const __be16 tagged = bpf_htons(ETHERTYPE_VLAN);
  if (bpf_skb_vlan_push(skb, tagged, vmoat_sender_tag(p->sender, number)) ||
      bpf_skb_vlan_push(skb, tagged, vmoat_divert_tag(slot, way, number)))
    return DROP;
  __sync_fetch_and_add(waiting, cost);
  return bpf_redirect(*divert, 0);
}

#include "bpf/own.h"
#include "bpf/policy_cache.h"

/* Began towards a port that is always reachable: a guest cannot open such a flow by itself. */
static __always_inline bool is_fail_safe(const struct packet* p, struct vmoat_flow* flow) {
  struct vmoat_fail_safe port = {.slot = p->key.slot, .port = p->key.near_port, .proto = p->key.proto};
  bool opens = p->key.proto == PROTO_UDP || (p->tcp_flags & (TCP_SYN | TCP_ACK)) == TCP_SYN;
  if (!flow->fail_safe && (p->way != VMOAT_TO_NIC || !opens)) return false;
  if (!bpf_map_lookup_elem(&fail_safe, &port)) return false;
  flow->fail_safe = 1;
  return true;
}

/* What does not simply pass by its flow's verdict. Global for the verifier's sake, see parse_any; it does not
 * hold frames itself, for three calls deep there is no stack for that. */
__noinline int settle(struct __sk_buff* skb, struct packet* p) {
  if (!p) return PASS;
  __u32 slot = p->key.slot;
  __u8 way = p->way;
  struct vmoat_nic_counters* counters = bpf_map_lookup_elem(&nics, &slot);
  struct vmoat_guard* guard = guard_of(slot);
  if (!counters || !guard) return PASS;
  if (in_panic()) return guarded(counters, way, VMOAT_PANICKED, UNREAD);
  if (p->way == VMOAT_FROM_NIC) {
    if ((guard->flags & VMOAT_OWN_ADDRESSES) && !is_own_mac(skb, guard))
      return guarded(counters, way, VMOAT_SPOOFED, DROP);
    if ((guard->flags & VMOAT_OWN_ADDRESSES) && !is_own_arp(skb, p, guard))
      return guarded(counters, way, VMOAT_SPOOFED, DROP);
    if (serves(p) && !may_serve(p, guard)) return guarded(counters, way, VMOAT_NOT_SERVED, DROP);
  }
  if (p->bad || ((p->reason & VMOAT_FRAGMENT) && ndp_type(p))) /* RFC 6980 */
    return guarded(counters, way, VMOAT_BAD_FRAGMENT, DROP);
  if ((p->reason & VMOAT_TEACH) && teaches(skb, p)) return is_own_claim(skb, p, guard) ? PASS : HOLD;
  if (!p->has_key)
    return guard->flags & VMOAT_PASS_UNKEYED ? PASS : guarded(counters, way, VMOAT_NO_KEY, DROP);
  if (guard->flags & VMOAT_WAITING) return guarded(counters, way, VMOAT_NO_POLICY, DROP);
  p->reason &= ~VMOAT_TEACH; /* it only looked so */
  struct vmoat_flow_key key = p->key;
  struct vmoat_flow* flow = bpf_map_lookup_elem(&flows, &key);
  if (!flow) return guarded(counters, way, VMOAT_NO_FLOW, DROP);
  if (is_fail_safe(p, flow) || has_verdict(p, flow, guard, VMOAT_ALLOW)) return PASS;
  if (has_verdict(p, flow, guard, VMOAT_DENY)) return guarded(counters, way, VMOAT_DENIED, DROP);
  bool follows = has_verdict(p, flow, guard, VMOAT_FOLLOW);
  bool need_not_be_held = was_followed(p, flow, guard) || (follows && is_content(skb, p, flow));
  if (has_verdict(p, flow, guard, VMOAT_ANSWER))
    need_not_be_held = !vouches(p, flow) || allow_both(p, flow, guard);
  bool may_read = follows && is_due(skb, p, flow);
  if ((need_not_be_held || may_read) && !engine_is_gone(worker_of(p))) return need_not_be_held ? PASS : READ;
  decide_by_cache(p, flow, guard);
  if (has_verdict(p, flow, guard, VMOAT_ALLOW)) return guarded(counters, way, VMOAT_CACHED, PASS);
  if (may_open(skb, p, flow, guard) && !engine_is_gone(worker_of(p)))
    return guarded(counters, way, VMOAT_HANDSHAKE, PASS);
  return HOLD;
}

/* What comes behind it may be held, and will be in its order for all but the engine. */
static __always_inline void note_unread(const struct __sk_buff* skb, const struct packet* p,
                                        struct vmoat_flow* flow, const struct vmoat_guard* guard) {
  if (!flow || (has_verdict(p, flow, guard, VMOAT_FOLLOW) && is_content(skb, p, flow))) return;
  flow->unread_ns = bpf_ktime_get_ns();
}

/* What becomes of a frame whose flow is `flow`, null where it has none. */
static __always_inline int judge(struct __sk_buff* skb, struct packet* p, struct vmoat_flow* flow,
                                 const struct vmoat_guard* guard) {
  bool plain = flow && !(p->reason & (VMOAT_TEACH | VMOAT_FRAGMENT));
  bool own = p->way == VMOAT_TO_NIC || !(guard->flags & VMOAT_OWN_ADDRESSES) || is_own_mac(skb, guard);
  if (plain && own && has_verdict(p, flow, guard, VMOAT_ALLOW)) return PASS;
  int then = settle(skb, p);
  if (then == READ) then = read_heads(skb, p) ? PASS : HOLD;
  if (then == HOLD) then = hold(skb, p);
  if (then != UNREAD) return then;
  note_unread(skb, p, flow, guard);
  return PASS;
}
