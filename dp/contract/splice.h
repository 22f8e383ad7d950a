// What the programs of a splice and those who steer it share.
#pragma once

#include "contract/integers.h"

/*
 * A splice: a NIC's tap outside its bridge, and the port that stands for it there. Programs on either find it
 * by (netns, ifindex). One word says how far it has got, so that what changes for a frame changes at once.
 */
enum vmoat_stage {
  VMOAT_STANDBY = 0,  /* the port waits in the bridge; nothing passes it */
  VMOAT_ENTERING = 1, /* the guest sends by the port and receives by both, each frame once */
  VMOAT_SPLICED = 2,  /* everything goes by the port */
  VMOAT_LEAVING = 3,  /* the guest sends by the tap and receives by both, each frame once */
};
struct vmoat_splice {
  uint32_t tap;      /* ifindex */
  uint32_t port;     /* ifindex of the veth end in the bridge */
  uint32_t stage;    /* enum vmoat_stage */
  uint32_t since_ms; /* of CLOCK_MONOTONIC, when the stage was set; wraps */
  uint32_t netns;    /* inode number of the namespace of both */
  uint32_t apart;    /* its programs are attached to the tap by themselves, see vmoat_hand_on */
};

/*
 * Whom the tap's programs hand a frame on to: a splice's, so that it attaches none to the tap. Each change of
 * what is attached there keeps the whole host's rtnetlink waiting for a grace period.
 */
enum vmoat_hand_on {
  VMOAT_TO_CARRY_OUT, /* by from_nic, what it lets pass */
  VMOAT_TO_GATE,      /* by to_nic, before it does anything */
  VMOAT_TO_JUDGE,     /* by the gate, what it lets pass: the rest of to_nic */
  VMOAT_HAND_ON
};
