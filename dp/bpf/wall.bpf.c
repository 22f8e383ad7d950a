// The wall: drops all that comes in by an interface that the host must not listen on.
// clang-format off: every one of these needs those before it
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
// clang-format on

#define DROP 2 /* TC_ACT_SHOT */

SEC("tc")
int wall(struct __sk_buff* skb) {
  (void)skb;
  return DROP;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
