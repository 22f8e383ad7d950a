// In place: a frame that was held at a tap and may go on comes in by that tap once more, marked, so that the
// tap's own program knows it and lets it pass.
// clang-format off: every one of these needs those before it
#include <linux/bpf.h>
#include <stdbool.h>
#include <bpf/bpf_helpers.h>
#include "contract/kernel.h"
// clang-format on

#define DROP 2 /* TC_ACT_SHOT */

const volatile __u32 netns;      /* inode number of the namespace these programs serve */
const volatile __u32 reinjected; /* the mark, as the tap programs have it: nobody else knows it */

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, VMOAT_SLOTS);
  __type(key, struct vmoat_tap_id); /* where what the engine lets go on comes in */
  __type(value, __u32);             /* ifindex of the tap that it was held at */
} inplace_taps SEC(".maps");

/* At the ingress of the pair's outer end: nothing but what is for a tap passes there. */
SEC("tc")
int inject(struct __sk_buff* skb) {
  struct vmoat_tap_id id = {netns, skb->ifindex};
  __u32* tap = bpf_map_lookup_elem(&inplace_taps, &id);
  if (!tap) return DROP;
  skb->mark = reinjected;
  return bpf_redirect(*tap, BPF_F_INGRESS);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
