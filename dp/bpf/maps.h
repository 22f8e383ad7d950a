// The maps of the tap programs. All are pinned by user space, so that counting goes on while it is away.
#pragma once

#define VMOAT_ANSWERS_PER_WORKER 128

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, VMOAT_SLOTS);
  __type(key, struct vmoat_tap_id);
  __type(value, struct vmoat_tap);
} taps SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, VMOAT_TAP_INDEX);
  __type(key, __u32);
  __type(value, struct vmoat_tap_place);
} tap_index SEC(".maps");

/* A plain hash, never LRU: LRU evicts live flows under a flood. User space collects. Resized at load. */
struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 262144);
  __type(key, struct vmoat_flow_key);
  __type(value, struct vmoat_flow);
} flows SEC(".maps");

/* Datagrams whose first fragment came. LRU, since nothing is lost with an entry: the engine counts later
 * fragments that find none. */
struct {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __uint(max_entries, 16384);
  __type(key, struct vmoat_datagram);
  __type(value, struct vmoat_datagram_owner);
} datagrams SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, VMOAT_SLOTS);
  __type(key, __u32);
  __type(value, struct vmoat_slot);
} slots SEC(".maps");

/* By slot, VMOAT_ANY_NIC among them. */
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, VMOAT_SLOTS);
  __type(key, __u32);
  __type(value, struct vmoat_guard);
} guards SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 16384);
  __type(key, struct vmoat_fail_safe);
  __type(value, __u8);
} fail_safe SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct vmoat_panic);
} panic SEC(".maps");

/* LRU, both: what is forgotten is asked about again. */
struct {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __uint(max_entries, 65536);
  __type(key, struct vmoat_end_key);
  __type(value, struct vmoat_end);
} ends SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __uint(max_entries, 65536);
  __type(key, struct vmoat_pair);
  __type(value, __u32);
} policy_cache SEC(".maps");

/* By worker: the interface that takes held frames to it. */
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, VMOAT_WORKERS_MAX);
  __type(key, __u32);
  __type(value, __u32);
} diverts SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, VMOAT_SLOTS);
  __type(key, __u32);
  __type(value, struct vmoat_nic_counters);
} nics SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct vmoat_settings);
} settings SEC(".maps");

struct ring {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 4096);
};

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
  __uint(max_entries, VMOAT_WORKERS_MAX);
  __type(key, __u32);
  __array(values, struct ring);
} rings SEC(".maps");

/* Each worker has its own run of VMOAT_ANSWERS_PER_WORKER entries, mapped into its memory. */
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(map_flags, BPF_F_MMAPABLE);
  __uint(max_entries, VMOAT_WORKERS_MAX* VMOAT_ANSWERS_PER_WORKER);
  __type(key, __u32);
  __type(value, struct vmoat_answer);
} answers SEC(".maps");

/* By worker and slot: bytes of held frames that the NIC has sent and the worker has not taken. */
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(map_flags, BPF_F_MMAPABLE);
  __uint(max_entries, VMOAT_WORKERS_MAX* VMOAT_SLOTS);
  __type(key, __u32);
  __type(value, __u64);
} on_way SEC(".maps");

/* CLOCK_MONOTONIC ns at which each worker last finished a turn. */
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(map_flags, BPF_F_MMAPABLE);
  __uint(max_entries, VMOAT_WORKERS_MAX);
  __type(key, __u32);
  __type(value, __u64);
} heartbeats SEC(".maps");
