// The tap: one program text for every hook. It counts flows, and sends up what the engine has to see.
// clang-format off: every one of these needs those before it
#include <linux/bpf.h>
#include <stdbool.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include "contract/kernel.h"
#include "contract/splice.h"
/* TCX_NEXT and TC_ACT_UNSPEC alike: whatever else is attached runs as if we were not here. */
#define PASS (-1)
#include "bpf/hand_on.h"
#include "bpf/maps.h"
#include "bpf/parse.h"
#include "bpf/meter.h"
#include "bpf/upcall.h"
#include "bpf/verdict.h"
#include "bpf/heads.h"
#include "bpf/guard.h"
// clang-format on

const volatile __u32 netns; /* inode number of the namespace these programs serve */
/* Mark of a frame that was held here and goes on, see inplace.bpf.c; 0: none does. Drawn when the programs
 * are loaded, so that neither guests nor rules of the host's know it. */
const volatile __u32 reinjected;

static __always_inline struct vmoat_tap* tap_of(__u32 ifindex) {
  struct vmoat_tap_id id = {netns, ifindex};
  __u32 index = ifindex % VMOAT_TAP_INDEX;
  struct vmoat_tap_place* place = bpf_map_lookup_elem(&tap_index, &index);
  if (!place) return 0;
  if (place->id.ifindex == ifindex && place->id.netns == netns) return &place->tap;
  return place->shared ? bpf_map_lookup_elem(&taps, &id) : 0;
}

static __always_inline struct vmoat_flow* insert_flow(struct packet* p, const struct vmoat_settings* set,
                                                      __u64 now) {
  struct vmoat_flow fresh = {
      .first_ns = now, .last_ns = now, .want = {set->opening_bytes, set->opening_bytes}};
  fresh.picked_up = p->key.proto == PROTO_TCP && !p->later && !(p->tcp_flags & TCP_SYN);
  long error = bpf_map_update_elem(&flows, &p->key, &fresh, BPF_NOEXIST);
  if (error && error != -17 /* EEXIST: another CPU was first */) return 0;
  if (!error) p->reason |= VMOAT_NEW;
  return bpf_map_lookup_elem(&flows, &p->key);
}

/* The entry for a flow not yet known, or null where quota or table are full. */
static __always_inline struct vmoat_flow* new_flow(struct packet* p, const struct vmoat_settings* set,
                                                   __u64 now, struct vmoat_slot* slot,
                                                   struct vmoat_nic_counters* counters) {
  if (__sync_fetch_and_add(&slot->flows, 1) >= set->flows_per_nic) {
    __sync_fetch_and_add(&slot->flows, -1);
    counters->lost_quota++;
    return 0;
  }
  struct vmoat_flow* flow = insert_flow(p, set, now);
  if (!flow) counters->lost_table++;
  if (!(p->reason & VMOAT_NEW)) __sync_fetch_and_add(&slot->flows, -1);
  return flow;
}

/* A SYN on an ended connection begins a new one under the same key. */
static __always_inline void begin_again(const struct packet* p, struct vmoat_flow* flow,
                                        const struct vmoat_settings* set) {
  bool ended = (flow->tcp_flags[0] | flow->tcp_flags[1]) & (TCP_FIN | TCP_RST);
  if (!ended || !(p->tcp_flags & TCP_SYN)) return;
  flow->tcp_flags[0] = flow->tcp_flags[1] = 0;
  flow->want[0] = flow->want[1] = set->opening_bytes;
}

/* What of the TCP flags is news. */
static __always_inline void note_flags(struct packet* p, struct vmoat_flow* flow) {
  __u8 seen = flow->tcp_flags[p->way & 1];
  __u8 flags = p->tcp_flags;
  if (!(flags & ~seen) && !(flags & (TCP_SYN | TCP_FIN | TCP_RST))) return;
  p->reason |= VMOAT_FLAGS;
  if ((flags & ~seen & TCP_ACK) && (seen & TCP_SYN) && !(flags & (TCP_SYN | TCP_RST))) p->completed = 1;
  flow->tcp_flags[p->way & 1] = seen | flags;
}

#define PICK_UP_SLACK (1 << 20)

/* Whether its receiver obeys this reset: it stands between what that one has acknowledged and what was sent,
 * or it acknowledges the SYN it answers (RFC 5961 3, RFC 9293 3.10.7.3). */
static __always_inline bool reset_fits(const struct packet* p, const struct vmoat_flow* flow, __u32 way) {
  if (!flow->tcp_flags[way]) {
    bool answers_syn = (flow->tcp_flags[way ^ 1] & (TCP_SYN | TCP_ACK)) == TCP_SYN;
    return !answers_syn || ((p->tcp_flags & TCP_ACK) && p->ack == flow->next[way ^ 1]);
  }
  __s32 slack = flow->picked_up ? PICK_UP_SLACK : 0;
  return (__s32)(p->seq - flow->acked[way]) >= -slack && (__s32)(p->seq - flow->next[way]) <= 1;
}

/* The sender's place in sequence space, and what it says of the other's. */
static __always_inline void follow_sequence(const struct packet* p, struct vmoat_flow* flow, __u32 way) {
  __u32 way_back = way ^ 1;
  bool marks = p->tcp_flags & (TCP_SYN | TCP_FIN);
  __u32 end = p->seq + p->payload_length + !!(p->tcp_flags & TCP_SYN) + !!(p->tcp_flags & TCP_FIN);
  if (!flow->tcp_flags[way]) {
    flow->acked[way] = p->seq;
    flow->next[way] = end;
  } else if ((__s32)(end - flow->next[way]) > 0) {
    flow->next[way] = end;
  } else if (marks || p->payload_length > 1 || (p->payload_length == 1 && end != flow->next[way])) {
    flow->retransmissions[way]++;
  }
  if (!(p->tcp_flags & TCP_ACK) || !flow->tcp_flags[way_back]) return;
  if ((__s32)(p->ack - flow->acked[way_back]) > 0) flow->acked[way_back] = p->ack;
  if ((__s32)(p->ack - flow->next[way_back]) > 0) flow->next[way_back] = p->ack;
}

/* A reset that does not fit leaves no trace in the flow. */
static __always_inline void follow_tcp(struct packet* p, struct vmoat_flow* flow,
                                       const struct vmoat_settings* set) {
  __u32 way = p->way & 1;
  if ((p->tcp_flags & (TCP_RST | TCP_SYN)) == TCP_RST) {
    if (reset_fits(p, flow, way))
      note_flags(p, flow);
    else
      p->reason |= VMOAT_FLAGS | VMOAT_STRAY;
    return;
  }
  begin_again(p, flow, set);
  follow_sequence(p, flow, way);
  note_flags(p, flow);
}

/* After all that is looked up for the frame: an atomic addition waits for every read before it, and lets none
 * behind it begin. */
static __always_inline void count(struct __sk_buff* skb, struct packet* p, struct vmoat_flow* flow) {
  __sync_fetch_and_add(&flow->packets[p->way & 1], 1);
  __sync_fetch_and_add(&flow->bytes[p->way & 1], skb->len);
}

static __always_inline struct vmoat_flow* track(struct packet* p, struct vmoat_slot* slot,
                                                struct vmoat_nic_counters* counters,
                                                const struct vmoat_settings* set) {
  __u64 now = bpf_ktime_get_coarse_ns();
  struct vmoat_flow* flow = bpf_map_lookup_elem(&flows, &p->key);
  if (!flow) flow = new_flow(p, set, now, slot, counters);
  if (!flow) {
    p->reason |= VMOAT_UNTRACKED;
    return 0;
  }
  flow->last_ns = now;
  if (p->key.proto == PROTO_TCP && !p->later) follow_tcp(p, flow, set);
  p->want = p->payload_length ? flow->want[p->way & 1] : 0;
  if (p->want) p->reason |= VMOAT_PAYLOAD;
  /* fragments are judged whole, whatever the flow's appetite */
  if ((p->reason & VMOAT_FRAGMENT) && p->want < set->opening_bytes) p->want = set->opening_bytes;
  return flow;
}

/* A SYN asks again, whatever was said of its key: it may begin another connection, of which nobody has read
 * anything, and one that is denied waits for its reset. */
static __always_inline void ask_anew(const struct packet* p, struct vmoat_flow* flow,
                                     const struct vmoat_settings* set) {
  bool syn = p->key.proto == PROTO_TCP && (p->tcp_flags & (TCP_SYN | TCP_ACK)) == TCP_SYN;
  if (!syn || !(flow->ruled[0].verdict | flow->ruled[1].verdict)) return;
  flow->ruled[0].verdict = flow->ruled[1].verdict = VMOAT_UNDECIDED;
  flow->want[0] = flow->want[1] = set->opening_bytes;
}

/* `sender`: the tap it came from, null where that is none of ours. */
static __always_inline int tap(struct __sk_buff* skb, __u8 way, const struct vmoat_tap* sender) {
  const __u32 zero = 0;
  struct vmoat_tap* own = tap_of(skb->ifindex);
  if (!own) return PASS;
  __u32 index = own->slot;
  struct vmoat_slot* slot = bpf_map_lookup_elem(&slots, &index);
  struct vmoat_nic_counters* counters = bpf_map_lookup_elem(&nics, &index);
  struct vmoat_settings* set = bpf_map_lookup_elem(&settings, &zero);
  if (!slot || !counters || !set) return PASS;
  counters->packets[way]++;
  counters->bytes[way] += skb->len;
  struct packet p = {.way = way, .sender = sender ? sender->slot : way == VMOAT_FROM_NIC ? index : 0};
  p.key.slot = index;
  parse(skb, &p);
  struct vmoat_flow* flow = p.has_key ? track(&p, slot, counters, set) : 0;
  if (p.has_key) meter(&p, counters->meters[way]);
  if (p.reason) {
    __u32 taken = upcall(skb, &p);
    if (flow && taken && p.want != VMOAT_WANT_ALL) /* an answer that came meanwhile stands */
      __sync_val_compare_and_swap(&flow->want[way], p.want, p.want - taken);
  }
  struct vmoat_guard* guard = guard_of(index);
  if (flow) count(skb, &p, flow);
  if (!guard) return PASS;
  if (flow) ask_anew(&p, flow, set);
  return judge(skb, &p, flow, guard);
}

/* A frame that its sender's tap has counted: this NIC's own verdict still counts. */
static __always_inline int tap_again(struct __sk_buff* skb, const struct vmoat_tap* sender) {
  const __u32 zero = 0;
  struct vmoat_guard* any = guard_of(VMOAT_ANY_NIC);
  struct vmoat_tap* own = any ? tap_of(skb->ifindex) : 0;
  if (!own) return PASS;
  __u32 index = own->slot;
  struct vmoat_guard* guard = guard_of(index);
  struct vmoat_slot* slot = bpf_map_lookup_elem(&slots, &index);
  struct vmoat_nic_counters* counters = bpf_map_lookup_elem(&nics, &index);
  struct vmoat_settings* set = bpf_map_lookup_elem(&settings, &zero);
  if (!guard || !slot || !counters || !set) return PASS;
  struct packet p = {.way = VMOAT_TO_NIC, .sender = sender->slot};
  p.key.slot = index;
  parse(skb, &p);
  struct vmoat_flow* flow = p.has_key ? bpf_map_lookup_elem(&flows, &p.key) : 0;
  if (p.has_key && !flow) flow = new_flow(&p, set, bpf_ktime_get_coarse_ns(), slot, counters);
  if (flow) ask_anew(&p, flow, set);
  return judge(skb, &p, flow, guard);
}

SEC("tc")
int from_nic(struct __sk_buff* skb) {
  int verdict = PASS;
  if (reinjected && skb->mark == reinjected)
    skb->mark = 0;
  else
    verdict = tap(skb, VMOAT_FROM_NIC, 0);
  if (verdict == PASS) bpf_tail_call(skb, &hand_on, VMOAT_TO_CARRY_OUT);
  return verdict;
}

/* What came from a tapped NIC was counted there. */
static __always_inline int judge_to_nic(struct __sk_buff* skb) {
  if (vmoat_is_delivered(skb->mark, skb->ingress_ifindex, reinjected)) return PASS;
  struct vmoat_tap* sender = skb->ingress_ifindex ? tap_of(skb->ingress_ifindex) : 0;
  return sender && sender->counts_sent ? tap_again(skb, sender) : tap(skb, VMOAT_TO_NIC, sender);
}

/* At the egress hook. */
SEC("tc")
int to_nic(struct __sk_buff* skb) {
  bpf_tail_call(skb, &hand_on, VMOAT_TO_GATE);
  return judge_to_nic(skb);
}

SEC("tc")
int to_nic_judge(struct __sk_buff* skb) {
  return judge_to_nic(skb);
}

/* At the ingress hook of a macvtap: its lower device tells no sender. */
SEC("tc")
int to_nic_at_ingress(struct __sk_buff* skb) {
  return tap(skb, VMOAT_TO_NIC, 0);
}

/* None is on its way any more. Of 256 the first has the last one's number. */
static __always_inline bool is_last(__u32 held, __u16 returned) {
  __u32 count = vmoat_held_count(held);
  return !count || (count < 256 && vmoat_held_last(held) == returned);
}

/* A verdict in order ends the count of those held; not where one more was held meanwhile. What is followed
 * goes on to be held, whatever is on its way. */
static __always_inline void rule_way(struct vmoat_ruled* ruled, __u32 verdict, __u16 returned) {
  if (returned == VMOAT_RETURNED_ALL || vmoat_verdict_of(verdict) == VMOAT_FOLLOW) ruled->verdict = verdict;
  if (returned == VMOAT_RETURNED_ALL || returned == VMOAT_NOT_RETURNED) return;
  __u64 before = *(volatile __u64*)ruled;
  __u32 held = before >> 32;
  if (!is_last(held, returned) && vmoat_held_count(held) <= VMOAT_HELD_IN_ORDER) return;
  __u64 after = (__u64)vmoat_none_held(vmoat_held_last(held)) << 32 | verdict;
  __sync_val_compare_and_swap((__u64*)ruled, before, after);
}

/* What may be read of a way whose frames are still on their way is not known: one of them may be it. */
static __always_inline struct vmoat_content told_content(const struct vmoat_answer* answer,
                                                         const struct vmoat_flow* flow) {
  struct vmoat_content content = answer->content;
  for (int way = 0; way < 2; way++)
    if (vmoat_verdict_of(answer->verdict[way]) == VMOAT_FOLLOW &&
        !is_last(flow->ruled[way].held, answer->returned[way]))
      content.ends = vmoat_content_bytes(content);
  return content;
}

static long answer_one(__u32 i, struct vmoat_answer_run* run) {
  __u32 index = run->first + i;
  struct vmoat_answer* answer = bpf_map_lookup_elem(&answers, &index);
  if (!answer) return 1;
  struct vmoat_flow_key key = answer->key; /* user space may write meanwhile */
  struct vmoat_flow* flow = bpf_map_lookup_elem(&flows, &key);
  if (!flow) {
    answer->ask = 0;
  } else if (answer->ask == VMOAT_ASK_WANT) {
    flow->want[0] = answer->want[0];
    flow->want[1] = answer->want[1];
  } else if (answer->ask == VMOAT_ASK_VERDICT) {
    if (answer->returned[VMOAT_TO_NIC] != VMOAT_NOT_RETURNED) flow->sender = answer->sender;
    struct vmoat_content content = told_content(answer, flow);
    __u64 both;
    __builtin_memcpy(&both, &content, sizeof(both));
    flow->head.size = 0;
    *(volatile __u64*)&flow->content = both;
    for (int way = 0; way < 2; way++)
      rule_way(&flow->ruled[way], answer->verdict[way], answer->returned[way]);
  } else if (answer->ask == VMOAT_ASK_COLLECT) {
    answer->flow = *flow;
    __u32 slot_index = key.slot;
    struct vmoat_slot* slot = bpf_map_lookup_elem(&slots, &slot_index);
    if (bpf_map_delete_elem(&flows, &key) == 0 && slot) __sync_fetch_and_add(&slot->flows, -1);
  }
  return 0;
}

/* Run by BPF_PROG_RUN: carries out a run of answers without ever overwriting a running count. */
SEC("syscall")
int answer(struct vmoat_answer_run* run) {
  struct vmoat_answer_run copy = *run;
  bpf_loop(copy.count, answer_one, &copy, 0);
  return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
