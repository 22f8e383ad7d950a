// The policy cache: a flow that begins between two identities whose verdict hangs on no application is
// decided here.
#pragma once

/* VXLAN, Geneve, GTP-U, Teredo: what answers to such a port may carry frames of its own. */
static __always_inline bool is_tunnel_port(__u16 port) {
  return port == 4789 || port == 4790 || port == 8472 || port == 6081 || port == 2152 || port == 3544;
}

/* Its sender is the client, as the engine would say too. */
static __always_inline bool begins(const struct packet* p) {
  __u16 from = p->way == VMOAT_FROM_NIC ? p->key.near_port : p->key.far_port;
  __u16 to = p->way == VMOAT_FROM_NIC ? p->key.far_port : p->key.near_port;
  switch (p->key.proto) {
    case PROTO_TCP:
      return (p->tcp_flags & (TCP_SYN | TCP_ACK | TCP_RST | TCP_FIN)) == TCP_SYN;
    case PROTO_UDP:
      return from >= to && !is_tunnel_port(from);
    case PROTO_ICMP:
    case PROTO_ICMPV6:
      return p->key.near_port && !p->answers; /* a request with its id */
  }
  return false;
}

static __always_inline __u16 service_of(const struct packet* p) {
  bool icmp = p->key.proto == PROTO_ICMP || p->key.proto == PROTO_ICMPV6;
  return icmp || p->way == VMOAT_FROM_NIC ? p->key.far_port : p->key.near_port;
}

/* Who an address is, 0 where the engine has not said so under this policy. */
static __always_inline __u32 identity_of(const __u8* address, const struct vmoat_guard* guard) {
  struct vmoat_end_key key = {.segment = guard->segment};
  __builtin_memcpy(key.address, address, 16);
  struct vmoat_end* end = bpf_map_lookup_elem(&ends, &key);
  return end && end->generation == guard->generation ? end->identity : 0;
}

/* The other end: a local sender is known by its tap, whatever its frames say. */
static __always_inline __u32 far_identity(const struct packet* p, const struct vmoat_guard* guard) {
  __u32 sender = p->sender;
  if (p->way == VMOAT_FROM_NIC || !sender) return identity_of(p->key.far, guard);
  struct vmoat_guard* its = bpf_map_lookup_elem(&guards, &sender);
  return its && its->generation == guard->generation ? its->identity : 0;
}

/* This end: the guest, or where a frame is for many, those. */
static __always_inline __u32 near_identity(const struct packet* p, const struct vmoat_guard* guard) {
  if (p->way == VMOAT_TO_NIC && is_to_many(p->key.near)) return identity_of(p->key.near, guard);
  bool checks = p->way == VMOAT_TO_NIC || (guard->flags & VMOAT_OWN_ADDRESSES);
  return checks && !is_own(p, p->key.near, guard) ? 0 : guard->identity;
}

static __always_inline bool is_cached(const struct packet* p, const struct vmoat_guard* guard) {
  if (p->key.tags[0] || (p->reason & VMOAT_FRAGMENT) || !begins(p)) return false;
  __u32 near = near_identity(p, guard);
  __u32 far = near ? far_identity(p, guard) : 0;
  if (!far) return false;
  bool sent = p->way == VMOAT_FROM_NIC;
  struct vmoat_pair pair = {
      .from = sent ? near : far, .to = sent ? far : near, .service = service_of(p), .proto = p->key.proto};
  __u32* word = bpf_map_lookup_elem(&policy_cache, &pair);
  return word && *word == (guard->generation << 2 | VMOAT_ALLOW);
}
