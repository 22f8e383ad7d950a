// The guard of a NIC in protect: a frame passes by its flow's verdict, or goes to the engine and waits there.
#pragma once

#define DROP 2 /* TC_ACT_SHOT */

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
  return !beat || bpf_ktime_get_ns() - *beat > VMOAT_HEARTBEAT_NS;
}

/* An undecided frame. Global for the verifier's sake, see parse_any. */
__noinline int hold(struct __sk_buff* skb, struct packet* p) {
  if (!p) return PASS;
  const __u32 zero = 0;
  __u32 slot = p->key.slot;
  __u8 way = p->way;
  struct vmoat_nic_counters* counters = bpf_map_lookup_elem(&nics, &slot);
  struct vmoat_settings* set = bpf_map_lookup_elem(&settings, &zero);
  struct vmoat_guard* guard = guard_of(slot);
  if (!counters || !set || !guard) return PASS;
  __u32 worker = vmoat_worker(&p->key, set->seed, set->workers);
  __u32* divert = bpf_map_lookup_elem(&diverts, &worker);
  if (!divert || !*divert || engine_is_gone(worker))
    return guard->flags & VMOAT_FAIL_OPEN ? guarded(counters, way, VMOAT_FAILED_OPEN, PASS)
                            : guarded(counters, way, VMOAT_FAILED_CLOSED, DROP);
  __u32 from = p->sender ? p->sender : slot;
  struct vmoat_slot* spender = bpf_map_lookup_elem(&slots, &from);
  if (!spender || !within_budget(spender, set, bpf_ktime_get_ns()))
    return guarded(counters, way, VMOAT_NO_BUDGET, DROP);
  struct vmoat_flow_key key = p->key; /* 6.1 takes a key from the stack only */
  struct vmoat_flow* flow = bpf_map_lookup_elem(&flows, &key);
  if (!flow) return guarded(counters, way, VMOAT_NO_FLOW, DROP);
  __sync_fetch_and_add(&flow->held, 1);
  guarded(counters, way, VMOAT_HELD, 0);
  const __be16 tagged = bpf_htons(ETHERTYPE_VLAN);
  if (bpf_skb_vlan_push(skb, tagged, p->sender) ||
      bpf_skb_vlan_push(skb, tagged, vmoat_divert_tag(slot, way)))
    return DROP;
  return bpf_redirect(*divert, 0);
}

/* A verdict was made for who sends; where another NIC speaks for that one, it says nothing. */
static __always_inline bool is_another(const struct packet* p, const struct vmoat_flow* flow) {
  return p->way == VMOAT_TO_NIC && p->sender && flow->sender && p->sender != flow->sender;
}

/* What becomes of a frame whose flow is `flow`, null where it has none. */
static __always_inline int judge(struct __sk_buff* skb, struct packet* p, struct vmoat_flow* flow,
                                 const struct vmoat_guard* guard, struct vmoat_nic_counters* counters) {
  if (p->reason & VMOAT_TEACH) return PASS;
  if (!p->has_key) return guarded(counters, p->way, VMOAT_NO_KEY, DROP);
  if (!flow) return guarded(counters, p->way, VMOAT_NO_FLOW, DROP);
  __u32 word = flow->verdict;
  if (word >> 2 == guard->generation && !is_another(p, flow)) {
    if ((word & 3) == VMOAT_ALLOW) return PASS;
    if ((word & 3) == VMOAT_DENY) return guarded(counters, p->way, VMOAT_DENIED, DROP);
  }
  return hold(skb, p);
}
