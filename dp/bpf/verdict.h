// What the engine has said of a flow, and what follows for a frame of it.
#pragma once

static __always_inline __u32 verdict_word(const struct vmoat_guard* guard, enum vmoat_verdict verdict) {
  return guard->generation << VMOAT_VERDICT_BITS | verdict;
}

/* A verdict was made for who sends; where another NIC speaks for that one, it says nothing. */
static __always_inline bool is_another(const struct packet* p, const struct vmoat_flow* flow) {
  return p->way == VMOAT_TO_NIC && p->sender && flow->sender && p->sender != flow->sender;
}

static __always_inline bool has_verdict(const struct packet* p, const struct vmoat_flow* flow,
                                        const struct vmoat_guard* guard, enum vmoat_verdict verdict) {
  return flow->ruled[p->way & 1].verdict == verdict_word(guard, verdict) && !is_another(p, flow);
}

/* Every frame of it has been read where it came from. */
static __always_inline bool was_followed(const struct packet* p, const struct vmoat_flow* flow,
                                         const struct vmoat_guard* guard) {
  return has_verdict(p, flow, guard, VMOAT_FOLLOWED) && p->sender && p->sender == flow->sender;
}

static __always_inline struct vmoat_content content_of(const struct vmoat_flow* flow) {
  __u64 both = *(volatile __u64*)&flow->content;
  struct vmoat_content content;
  __builtin_memcpy(&content, &both, sizeof(content));
  return content;
}

/* It must not overtake a frame that went to the engine, unless so many did that it would be held for ever. */
static __always_inline bool is_behind_held(const struct packet* p, const struct vmoat_flow* flow) {
  __u32 held = flow->ruled[p->way & 1].held;
  return held && held <= VMOAT_HELD_IN_ORDER;
}

/* Of a client that is followed: nothing that has to be read. A super-frame is cut by its bytes, whatever its
 * IP header says. */
static __always_inline bool is_content(const struct __sk_buff* skb, const struct packet* p,
                                       const struct vmoat_flow* flow) {
  if ((p->tcp_flags & TCP_FLAGS & ~TCP_PSH) != TCP_ACK || (p->reason & (VMOAT_FRAGMENT | VMOAT_ODD)))
    return false;
  if (skb->gso_size && skb->len != p->payload_at + p->payload_length) return false;
  if (p->payload_length == 0) return true;
  if (is_behind_held(p, flow)) return false;
  struct vmoat_content content = content_of(flow);
  __u32 size = content.until - content.from, begin = p->seq - content.from;
  return begin < size && p->payload_length <= size - begin;
}

/* An answer that is waited for: the other end has read what the verdict hangs on. */
static __always_inline bool vouches(const struct packet* p, const struct vmoat_flow* flow) {
  if (!(p->tcp_flags & TCP_ACK) || (p->reason & (VMOAT_FRAGMENT | VMOAT_ODD))) return false;
  return (__s32)(p->ack - content_of(flow).until) >= 0;
}

/* From now on both ways are allowed; false where a frame of the other one has gone to the engine. */
static __always_inline bool allow_both(const struct packet* p, struct vmoat_flow* flow,
                                       const struct vmoat_guard* guard) {
  __u64 allowed = verdict_word(guard, VMOAT_ALLOW);
  struct vmoat_ruled* other = &flow->ruled[~p->way & 1];
  __u64 before = *(volatile __u64*)other;
  if (before >> 32 || __sync_val_compare_and_swap((__u64*)other, before, allowed) != before) return false;
  flow->ruled[p->way & 1].verdict = allowed;
  return true;
}
