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

struct party {
  __u32 identity; /* 0 where the engine has not said so under this policy */
  __u16 slot;     /* of the tapped NIC that speaks for it, 0 = of none */
};

static __always_inline struct party party_at(const __u8* address, const struct vmoat_guard* guard) {
  struct party party = {};
  struct vmoat_end_key key = {.segment = guard->segment};
  __builtin_memcpy(key.address, address, 16);
  struct vmoat_end* end = bpf_map_lookup_elem(&ends, &key);
  if (!end || end->generation != guard->generation) return party;
  party.identity = end->identity;
  party.slot = end->slot;
  return party;
}

/* The other end: a local sender is known by its tap, whatever its frames say. */
static __always_inline struct party far_party(const struct packet* p, const struct vmoat_guard* guard) {
  __u32 sender = p->sender;
  if (p->way == VMOAT_FROM_NIC || !sender) return party_at(p->key.far, guard);
  struct party party = {.slot = sender};
  struct vmoat_guard* its = bpf_map_lookup_elem(&guards, &sender);
  if (its && its->generation == guard->generation) party.identity = its->identity;
  return party;
}

/* This end: the guest, or where a frame is for many, those. */
static __always_inline __u32 near_identity(const struct packet* p, const struct vmoat_guard* guard) {
  if (p->way == VMOAT_TO_NIC && is_to_many(p->key.near)) return party_at(p->key.near, guard).identity;
  bool checks = p->way == VMOAT_TO_NIC || (guard->flags & VMOAT_OWN_ADDRESSES);
  return checks && !is_own(p, p->key.near, guard) ? 0 : guard->identity;
}

/* Of a flow that `p` begins, what the engine has said of its like, for who speaks at the other end. */
static __always_inline void decide_by_cache(const struct packet* p, struct vmoat_flow* flow,
                                            const struct vmoat_guard* guard) {
  if (p->key.tags[0] || (p->reason & VMOAT_FRAGMENT) || !begins(p)) return;
  if (has_held(flow, 0) || has_held(flow, 1)) return; /* what was held must not be overtaken */
  __u32 near = near_identity(p, guard);
  if (!near) return;
  struct party far = far_party(p, guard);
  if (!far.identity) return;
  bool sent = p->way == VMOAT_FROM_NIC;
  struct vmoat_pair pair = {.from = sent ? near : far.identity,
                            .to = sent ? far.identity : near,
                            .service = service_of(p),
                            .proto = p->key.proto};
  __u32* word = bpf_map_lookup_elem(&policy_cache, &pair);
  if (!word || *word >> VMOAT_VERDICT_BITS != guard->generation) return;
  flow->sender = far.slot;
  flow->ruled[0].verdict = flow->ruled[1].verdict = *word;
}

static __always_inline bool is_handshake(const struct __sk_buff* skb, const struct packet* p) {
  if (p->key.proto != PROTO_TCP || p->payload_length || skb->len > VMOAT_HANDSHAKE_BYTES) return false;
  if (p->reason & (VMOAT_FRAGMENT | VMOAT_ODD)) return false;
  __u8 flags = p->tcp_flags & TCP_FLAGS;
  return flags == TCP_SYN || flags == (TCP_SYN | TCP_ACK) || flags == TCP_ACK;
}

/* A flow whose application will decide shakes hands without the engine. */
static __always_inline bool may_open(const struct __sk_buff* skb, const struct packet* p,
                                     struct vmoat_flow* flow, const struct vmoat_guard* guard) {
  __u8 way = p->way & 1;
  if (!has_verdict(p, flow, guard, VMOAT_OPENING) || !is_handshake(skb, p)) return false;
  if (has_held(flow, 0) || has_held(flow, 1) || flow->handshake[way] >= VMOAT_HANDSHAKE_FRAMES) return false;
  flow->handshake[way]++;
  return true;
}
