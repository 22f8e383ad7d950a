// Whom the tap's programs hand a frame on to; both objects, theirs and the splice's, hold the same map.
#pragma once

/* By enum vmoat_hand_on. Pinned beside the layouts: a splice's frames go on while another one comes. */
struct {
  __uint(type, BPF_MAP_TYPE_PROG_ARRAY);
  __uint(max_entries, VMOAT_HAND_ON);
  __type(key, __u32);
  __type(value, __u32);
} hand_on SEC(".maps");
