// The splice: carries frames between a NIC's tap and the port that stands for it in the bridge. It forwards
// and judges nothing; the tap's own programs run before it on the guest's way out, and after it on the way
// in.
// clang-format off: every one of these needs those before it
#include <linux/bpf.h>
#include <stdbool.h>
#include <bpf/bpf_helpers.h>
#include "contract/kernel.h"
// clang-format on

#define PASS (-1) /* TCX_NEXT and TC_ACT_UNSPEC alike */
#define DROP 2    /* TC_ACT_SHOT */
/* Written where a port hands a frame to its tap, and cleared there: guests and bridges have no way to set it.
 */
#define CARRIED 0x766d

const volatile __u32 netns; /* inode number of the namespace these programs serve */

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 2 * VMOAT_SLOTS);
  __type(key, struct vmoat_tap_id);
  __type(value, __u32); /* index in splices */
} splice_ends SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, VMOAT_SLOTS);
  __type(key, __u32);
  __type(value, struct vmoat_splice);
} splices SEC(".maps");

static __always_inline struct vmoat_splice* splice_of(const struct __sk_buff* skb) {
  struct vmoat_tap_id id = {netns, skb->ifindex};
  __u32* index = bpf_map_lookup_elem(&splice_ends, &id);
  return index ? bpf_map_lookup_elem(&splices, index) : 0;
}

static __always_inline bool is_to_many(struct __sk_buff* skb) {
  __u8 first = 0;
  return bpf_skb_load_bytes(skb, 0, &first, 1) == 0 && (first & 1);
}

/* At the tap's ingress, after all others: what the guest sends enters the bridge by the port. */
SEC("tc")
int carry_out(struct __sk_buff* skb) {
  struct vmoat_splice* splice = splice_of(skb);
  if (!splice) return PASS;
  __u32 stage = splice->stage;
  if (stage != VMOAT_ENTERING && stage != VMOAT_SPLICED) return PASS;
  return bpf_redirect(splice->port, BPF_F_INGRESS);
}

/* At the port's egress: what the bridge has for the guest goes to the tap. While both are in the bridge a
 * frame for many comes to both of them, and the tap's is taken. */
SEC("tc")
int carry_in(struct __sk_buff* skb) {
  struct vmoat_splice* splice = splice_of(skb);
  if (!splice) return DROP;
  __u32 stage = splice->stage;
  if (stage == VMOAT_STANDBY || skb->ingress_ifindex == splice->tap) return DROP;
  if (stage != VMOAT_SPLICED && is_to_many(skb)) return DROP;
  skb->tc_index = CARRIED;
  return bpf_redirect(splice->tap, 0);
}

/* At the tap's egress, before all others. Whoever puts a spliced tap back into its bridge makes no frame come
 * twice, and no guest hears itself. */
SEC("tc")
int gate(struct __sk_buff* skb) {
  struct vmoat_splice* splice = splice_of(skb);
  if (!splice) return PASS;
  if (skb->tc_index == CARRIED) {
    skb->tc_index = 0;
    return PASS;
  }
  __u32 stage = splice->stage;
  if (stage == VMOAT_SPLICED) return DROP;
  return stage != VMOAT_STANDBY && skb->ingress_ifindex == splice->port ? DROP : PASS;
}

/* At the ingress of the pair's inner end: the host does not listen there. */
SEC("tc")
int wall(struct __sk_buff* skb) {
  (void)skb;
  return DROP;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
