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

static __always_inline bool has_held(const struct vmoat_flow* flow, __u32 way) {
  return vmoat_held_count(flow->ruled[way & 1].held);
}

/* It must not overtake a frame that went to the engine, unless so many did that it would be held for ever. */
static __always_inline bool is_behind_held(const struct packet* p, const struct vmoat_flow* flow) {
  __u32 held = vmoat_held_count(flow->ruled[p->way & 1].held);
  return held && held <= VMOAT_HELD_IN_ORDER;
}

/* Of a client that is followed: data, or an acknowledgement, that its receiver takes as it stands. A
 * super-frame is cut by its bytes, whatever its IP header says. */
static __always_inline bool is_plain_data(const struct __sk_buff* skb, const struct packet* p) {
  if ((p->tcp_flags & TCP_FLAGS & ~TCP_PSH) != TCP_ACK || (p->reason & (VMOAT_FRAGMENT | VMOAT_ODD)))
    return false;
  return !skb->gso_size || skb->len == p->payload_at + p->payload_length;
}

/* Nothing that has to be read. */
static __always_inline bool is_content(const struct __sk_buff* skb, const struct packet* p,
                                       const struct vmoat_flow* flow) {
  if (!is_plain_data(skb, p)) return false;
  if (p->payload_length == 0) return true;
  if (is_behind_held(p, flow)) return false;
  struct vmoat_content content = content_of(flow);
  __u32 size = vmoat_content_bytes(content), begin = p->seq - (content.until - size);
  return begin < size && p->payload_length <= size - begin;
}

/* It begins within the content, or behind it, and goes on to a head that is due there. */
static __always_inline bool is_at_head(const struct packet* p, struct vmoat_content content) {
  __u32 size = vmoat_content_bytes(content), begin = p->seq - (content.until - size);
  return vmoat_content_head(content) != VMOAT_NO_HEAD && begin <= size && p->payload_length > size - begin;
}

static __always_inline bool is_due(const struct __sk_buff* skb, const struct packet* p,
                                   const struct vmoat_flow* flow) {
  return is_plain_data(skb, p) && !has_held(flow, p->way) && is_at_head(p, content_of(flow));
}

/* An answer that is waited for: the other end has read what the verdict hangs on. */
static __always_inline bool vouches(const struct packet* p, const struct vmoat_flow* flow) {
  if (!(p->tcp_flags & TCP_ACK) || (p->reason & (VMOAT_FRAGMENT | VMOAT_ODD))) return false;
  return (__s32)(p->ack - content_of(flow).until) >= 0;
}

/* From now on both ways are allowed; false where a frame of the other one has gone to the engine. */
static __always_inline bool allow_both(const struct packet* p, struct vmoat_flow* flow,
                                       const struct vmoat_guard* guard) {
  __u32 allowed = verdict_word(guard, VMOAT_ALLOW);
  struct vmoat_ruled* other = &flow->ruled[~p->way & 1];
  __u64 before = *(volatile __u64*)other, after = before >> 32 << 32 | allowed;
  if (vmoat_held_count(before >> 32)) return false;
  if (__sync_val_compare_and_swap((__u64*)other, before, after) != before) return false;
  flow->ruled[p->way & 1].verdict = allowed;
  return true;
}
