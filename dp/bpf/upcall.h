// Upcalls: what goes up to the engine, how much of it, and within which budget.
#pragma once

#define EVENT_BYTES sizeof(struct vmoat_event)
#define TEACH_BYTES 1900
#define ODD_BYTES 184

/* Who hears of its flow, and rules on its frames. */
static __always_inline __u32 worker_of(const struct packet* p) {
  const __u32 zero = 0;
  struct vmoat_settings* set = bpf_map_lookup_elem(&settings, &zero);
  return set && p->has_key ? vmoat_worker(&p->key, set->seed, set->workers) : 0;
}

/* GCRA: a virtual clock runs ahead of now by the cost of every upcall, at most by the burst. Two CPUs
 * may spend the same token; that is bounded by their number and cheaper than a lock. */
static __always_inline bool within_budget(struct vmoat_slot* slot, const struct vmoat_settings* set,
                                          __u64 now) {
  __u64 spent = slot->spent_until_ns;
  if (spent < now) spent = now;
  if (spent - now > set->upcall_burst_ns) return false;
  slot->spent_until_ns = spent + set->upcall_cost_ns;
  return true;
}

/* How much of the frame goes up: headers, and what is wanted of the payload. */
static __always_inline __u32 capture_length(struct __sk_buff* skb, const struct packet* p) {
  if (p->reason & VMOAT_TEACH) return skb->len < TEACH_BYTES ? skb->len : TEACH_BYTES;
  if (!p->has_key) return skb->len < ODD_BYTES ? skb->len : ODD_BYTES;
  __u64 payload = p->payload_length < p->want ? p->payload_length : p->want;
  __u64 length = p->payload_at + payload;
  return length < skb->len ? length : skb->len;
}

static __always_inline void wake(void* ring, const struct vmoat_settings* set, __u32 size, void* record) {
  __u64 waiting = bpf_ringbuf_query(ring, BPF_RB_AVAIL_DATA); /* the reserved record is in it */
  bool crosses = waiting >= set->wake_bytes && waiting - size < set->wake_bytes;
  bpf_ringbuf_submit(record, crosses ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP);
}

static __always_inline void describe(struct vmoat_event* event, struct __sk_buff* skb, const struct packet* p,
                                     __u32 captured) {
  event->time_ns = p->time_ns;
  event->length = skb->len;
  event->captured = captured;
  event->slot = p->key.slot;
  event->way = p->way;
  event->reason = p->reason;
  event->tags[0] = skb->vlan_present ? skb->vlan_tci & 0xfff : 0;
  event->tags[1] = 0;
  event->key = p->key;
  event->pad = 0;
  if (!p->has_key) __builtin_memset(&event->key, 0, sizeof(event->key));
}

/* Writes the record; `bytes` must be bounded by its caller in a way that the verifier sees. */
static __always_inline __u32 send(void* ring, struct vmoat_event* event, __u32 size, __u64 bytes,
                                  struct __sk_buff* skb, const struct packet* p,
                                  struct vmoat_nic_counters* counters, const struct vmoat_settings* set) {
  if (bpf_skb_load_bytes(skb, 0, event + 1, bytes)) {
    counters->lost_read++;
    bpf_ringbuf_discard(event, BPF_RB_NO_WAKEUP);
    return 0;
  }
  describe(event, skb, p, bytes);
  wake(ring, set, size, event);
  return bytes;
}

/* One size class. The barriers keep the compiler from folding the two bounds into one of another register,
 * which the verifier of 6.1 could not follow. */
#define SEND(size)                                                               \
  ({                                                                             \
    struct vmoat_event* event = bpf_ringbuf_reserve(ring, size, 0);              \
    __u64 bytes = length < (size) - EVENT_BYTES ? length : (size) - EVENT_BYTES; \
    __u32 taken = 0;                                                             \
    if (!event) {                                                                \
      counters->lost_ring++;                                                     \
    } else {                                                                     \
      barrier_var(bytes);                                                        \
      if (bytes < 1) bytes = 1;                                                  \
      barrier_var(bytes);                                                        \
      if (bytes > (size) - EVENT_BYTES) bytes = (size) - EVENT_BYTES;            \
      taken = send(ring, event, size, bytes, skb, p, counters, set);             \
    }                                                                            \
    taken;                                                                       \
  })

/* Returns how many bytes of the wanted payload went up. Global for the verifier's sake, see parse_any. */
__noinline int upcall(struct __sk_buff* skb, struct packet* p) {
  if (!p) return 0;
  const __u32 zero = 0;
  __u32 index = p->key.slot;
  struct vmoat_slot* slot = bpf_map_lookup_elem(&slots, &index);
  struct vmoat_nic_counters* counters = bpf_map_lookup_elem(&nics, &index);
  struct vmoat_settings* set = bpf_map_lookup_elem(&settings, &zero);
  if (!slot || !counters || !set || !set->workers) return 0;
  p->time_ns = bpf_ktime_get_ns();
  if (!within_budget(slot, set, p->time_ns)) {
    counters->lost_budget++;
    return 0;
  }
  __u32 worker = p->has_key ? vmoat_worker(&p->key, set->seed, set->workers) : 0;
  void* ring = bpf_map_lookup_elem(&rings, &worker);
  if (!ring) return 0;
  __u32 length = capture_length(skb, p);
  __u32 taken;
  if (length <= 256 - EVENT_BYTES)
    taken = SEND(256);
  else if (length <= 2048 - EVENT_BYTES)
    taken = SEND(2048);
  else if (length <= 16384 - EVENT_BYTES)
    taken = SEND(16384);
  else
    taken = SEND(65536);
  return taken > p->payload_at ? taken - p->payload_at : 0;
}
