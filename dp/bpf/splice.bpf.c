// The splice: carries frames between a NIC's tap and the port that stands for it in the bridge. It forwards
// and judges nothing; the tap's own programs run before it on the guest's way out, and after it on the way
// in.
// clang-format off: every one of these needs those before it
#include <linux/bpf.h>
#include <stdbool.h>
#include <bpf/bpf_helpers.h>
#include "contract/kernel.h"
#include "contract/splice.h"
#include "bpf/hand_on.h"
// clang-format on

#define PASS (-1) /* TCX_NEXT and TC_ACT_UNSPEC alike */
#define DROP 2    /* TC_ACT_SHOT */
/* Written where a port hands a frame to its tap, and cleared there: guests and bridges have no way to set it.
 */
#define CARRIED 0x766d

const volatile __u32 netns;      /* inode number of the namespace these programs serve */
const volatile __u32 reinjected; /* as the tap programs have it */

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

/* By ifindex modulo VMOAT_TAP_INDEX: where to look in splices first. Most look-ups need no hash by it. */
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, VMOAT_TAP_INDEX);
  __type(key, __u32);
  __type(value, __u32);
} splice_hints SEC(".maps");

/* By index in splices: the last frame for many that passed towards the guest, and where. The bridge hands a
 * frame to one port after the other on the same CPU. */
enum side { BY_NOBODY, BY_TAP, BY_PORT };
struct passed {
  __u64 signature;
  __u64 at_ns;
  __u32 side; /* enum side */
  __u32 pad;
};
struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, VMOAT_SLOTS);
  __type(key, __u32);
  __type(value, struct passed);
} passes SEC(".maps");

struct place {
  struct vmoat_splice* splice; /* null: this interface is none of a splice */
  __u32 index;
};
static __always_inline struct place place_at(const __u32* index) {
  struct place place = {0, index ? *index : 0};
  if (index) place.splice = bpf_map_lookup_elem(&splices, &place.index);
  return place;
}
static __always_inline struct place place_of(const struct __sk_buff* skb) {
  struct vmoat_tap_id id = {netns, skb->ifindex};
  __u32 at = id.ifindex % VMOAT_TAP_INDEX;
  struct place hinted = place_at(bpf_map_lookup_elem(&splice_hints, &at));
  struct vmoat_splice* s = hinted.splice;
  if (s && s->netns == netns && (s->tap == id.ifindex || s->port == id.ifindex)) return hinted;
  return place_at(bpf_map_lookup_elem(&splice_ends, &id));
}

#define SETTLING_MS 1000
#define COARSE_MS 100 /* by which the coarse clock lags behind, at most */

/* The stage changes, or did just now: tap and port are to remember what they let pass. */
static __always_inline bool is_settling(const struct vmoat_splice* splice) {
  if (splice->stage == VMOAT_ENTERING || splice->stage == VMOAT_LEAVING) return true;
  __u32 now_ms = bpf_ktime_get_coarse_ns() / 1000000;
  return now_ms + COARSE_MS - splice->since_ms < COARSE_MS + SETTLING_MS;
}

#define SIGNED_BYTES 64
#define TOGETHER_NS 20000000ull /* one frame at both sides, and not another one that looks like it */

/* Whether the other side has let this very frame pass: tap and port get a frame for many both while both are
 * in the bridge, and whichever is asked first takes it, also where the stage changes between the two. A frame
 * for one is for many where the bridge has forgotten that one. */
static __always_inline bool has_passed(struct __sk_buff* skb, const struct place* place, enum side side) {
  __u64 words[SIGNED_BYTES / 8] = {};
  if (!is_settling(place->splice)) return false;
  __u64 bytes = skb->len;
  barrier_var(bytes);
  if (bytes > SIGNED_BYTES) bytes = SIGNED_BYTES;
  bytes = ((bytes - 1) & (SIGNED_BYTES - 1)) + 1; /* no 0: the verifier of 6.1 learns nothing of a != */
  if (bpf_skb_load_bytes(skb, 0, words, bytes)) return false;
  __u64 signature = skb->len;
  for (int i = 0; i < SIGNED_BYTES / 8; i++) {
    signature = (signature ^ words[i]) * 0x9e3779b97f4a7c15ull;
    signature ^= signature >> 29;
  }
  struct passed* last = bpf_map_lookup_elem(&passes, &place->index);
  if (!last) return false;
  __u64 now = bpf_ktime_get_ns();
  bool again = last->signature == signature && last->side != BY_NOBODY && last->side != side &&
               now - last->at_ns < TOGETHER_NS;
  last->signature = signature;
  last->at_ns = now;
  last->side = again ? BY_NOBODY : side;
  return again;
}

static __always_inline int carry(const struct vmoat_splice* splice) {
  if (!splice) return PASS;
  __u32 stage = splice->stage;
  if (stage != VMOAT_ENTERING && stage != VMOAT_SPLICED) return PASS;
  return bpf_redirect(splice->port, BPF_F_INGRESS);
}

/* At the tap's ingress, after all others: what the guest sends enters the bridge by the port. */
SEC("tc")
int carry_out(struct __sk_buff* skb) {
  return carry(place_of(skb).splice);
}

/* The same, after the tap's own program. */
SEC("tc")
int then_carry_out(struct __sk_buff* skb) {
  const struct vmoat_splice* splice = place_of(skb).splice;
  return splice && !splice->apart ? carry(splice) : PASS;
}

/* At the port's egress: what the bridge has for the guest goes to the tap. */
SEC("tc")
int carry_in(struct __sk_buff* skb) {
  struct place place = place_of(skb);
  struct vmoat_splice* splice = place.splice;
  if (!splice || splice->stage == VMOAT_STANDBY) return DROP;
  if (skb->ingress_ifindex == splice->tap || has_passed(skb, &place, BY_PORT)) return DROP;
  skb->tc_index = CARRIED;
  return bpf_redirect(splice->tap, 0);
}

/* Whoever puts a spliced tap back into its bridge makes no frame come twice, and no guest hears itself. */
static __always_inline int pass_gate(struct __sk_buff* skb, const struct place* place) {
  const struct vmoat_splice* splice = place->splice;
  if (!splice) return PASS;
  if (skb->tc_index == CARRIED) {
    skb->tc_index = 0;
    return PASS;
  }
  if (splice->stage == VMOAT_SPLICED || skb->ingress_ifindex == splice->port) return DROP;
  return has_passed(skb, place, BY_TAP) ? DROP : PASS;
}

/* At the tap's egress, before all others. */
SEC("tc")
int gate(struct __sk_buff* skb) {
  if (vmoat_is_delivered(skb->mark, skb->ingress_ifindex, reinjected)) return PASS;
  struct place place = place_of(skb);
  return pass_gate(skb, &place);
}

/* The same, before the tap's own program. */
SEC("tc")
int gate_first(struct __sk_buff* skb) {
  if (!vmoat_is_delivered(skb->mark, skb->ingress_ifindex, reinjected)) {
    struct place place = place_of(skb);
    bool apart = place.splice && place.splice->apart;
    if (!apart && pass_gate(skb, &place) != PASS) return DROP;
  }
  bpf_tail_call(skb, &hand_on, VMOAT_TO_JUDGE);
  return PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
