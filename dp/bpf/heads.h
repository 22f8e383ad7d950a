// Heads: what says how long the next content of a followed flow is (the sizes of chunks, the headers of
// records) is read here where the engine has said that one is due. A frame all of whose heads were read, and
// told to the engine, passes.
#pragma once

/* A head as far as it has come, and room for one more piece. */
struct begun_head {
  __u32 size;
  __u8 bytes[28];
};

#define SPLIT (-1)  /* the frame ends within it */
#define BROKEN (-2) /* it is none, or one that only the engine reads */

static __always_inline int hex_digit(__u8 c) {
  if (c >= '0' && c <= '9') return c - '0';
  c |= 0x20;
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Both take what is there of a head, `have` bytes but at least one, and say how long the head is. */
static __always_inline int read_record_head(const __u8* bytes, __u32 have, __u32* size) {
  *size = 5;
  bool fits = bytes[0] >= 20 && bytes[0] <= 24 && (have < 2 || bytes[1] == 3) && (have < 3 || bytes[2] <= 4);
  if (!fits || have < *size) return fits ? SPLIT : BROKEN;
  __u32 length = be16(bytes + 3);
  return length && length <= 16384 + 2048 ? (int)length : BROKEN;
}

#define SIZE_AT 2 /* behind the CR LF of the chunk before */

static __always_inline int read_chunk_head(const __u8* bytes, __u32 have, __u32* size) {
  __u32 length = 0;
  if (bytes[0] != '\r' || (have > 1 && bytes[1] != '\n')) return BROKEN;
  for (__u32 i = SIZE_AT; i < VMOAT_HEAD_BYTES - 1; i++) {
    if (i >= have) return SPLIT;
    if (bytes[i] == '\r') {
      *size = i + 2;
      if (!length || (have > i + 1 && bytes[i + 1] != '\n')) return BROKEN; /* the last one is the engine's */
      return have > i + 1 ? (int)length : SPLIT;
    }
    int digit = hex_digit(bytes[i]);
    if (digit < 0) return BROKEN;
    length = length << 4 | digit;
  }
  return BROKEN; /* that long it fits no vmoat_content */
}

/* Goes on with a head, in the `left` bytes of payload from `at` on. Returns the length of the content behind
 * it, or what became of it; its size is what there is of it then. Global for the verifier's sake, see
 * parse_any. */
__noinline int read_head(struct __sk_buff* skb, struct begun_head* head, __u32 at, __u32 left, __u32 kind) {
  if (!head) return BROKEN;
  __u64 known = head->size, more = left;
  barrier_var(known);
  barrier_var(more);
  if (known >= VMOAT_HEAD_BYTES || more < 1) return BROKEN;
  if (more > VMOAT_HEAD_BYTES) more = VMOAT_HEAD_BYTES;
  more = ((more - 1) & 15) + 1; /* no 0: the verifier of 6.1 learns nothing of a != */
  if (bpf_skb_load_bytes(skb, at, head->bytes + known, more)) return BROKEN;
  __u32 size = 0, have = known + more;
  int length = kind == VMOAT_RECORD_HEAD ? read_record_head(head->bytes, have, &size)
                                         : read_chunk_head(head->bytes, have, &size);
  head->size = length == SPLIT ? have : size;
  return length;
}

/* All heads of a frame that begins within a content or right behind it; false where one is broken, or there
 * are too many. Of the content that the last one speaks of, `length` is all of it, or SPLIT. */
static __always_inline bool read_all(struct __sk_buff* skb, const struct packet* p, __u32 kind,
                                     struct begun_head* head, struct vmoat_heads* told, __u32* at,
                                     int* length) {
  __u32 count = 0;
  for (; count < VMOAT_HEADS_MAX && *at < p->payload_length; count++) {
    __u32 known = head->size;
    *length = read_head(skb, head, p->payload_at + *at, p->payload_length - *at, kind);
    __u32 more = head->size - known;
    if (*length == BROKEN || known >= VMOAT_HEAD_BYTES || more > VMOAT_HEAD_BYTES) return false;
    struct vmoat_head* one = &told->head[count];
    one->seq = p->seq + *at;
    one->size = more;
    __builtin_memcpy(one->bytes, head->bytes + known, VMOAT_HEAD_BYTES);
    *at += more;
    if (*length == SPLIT) break;
    *at += *length;
    head->size = 0;
  }
  told->count = count + (*length == SPLIT);
  return *at >= p->payload_length;
}

/* Half of the ring is others'. */
static __always_inline bool has_room(void* ring) {
  return bpf_ringbuf_query(ring, BPF_RB_AVAIL_DATA) < bpf_ringbuf_query(ring, BPF_RB_RING_SIZE) / 2;
}

/* Reads and tells; what is due next stands in the flow then. */
static __always_inline bool tell_heads(struct __sk_buff* skb, struct packet* p, struct vmoat_flow* flow,
                                       struct vmoat_content* content, void* ring,
                                       const struct vmoat_settings* set) {
  struct begun_head head = {};
  if (flow->head.size && flow->head.seq + flow->head.size == content->until) {
    head.size = flow->head.size;
    __builtin_memcpy(head.bytes, flow->head.bytes, VMOAT_HEAD_BYTES);
  }
  flow->head.size = 0;
  const __u32 size = EVENT_BYTES + sizeof(struct vmoat_heads);
  struct vmoat_event* event = bpf_ringbuf_reserve(ring, EVENT_BYTES + sizeof(struct vmoat_heads), 0);
  if (!event) return false;
  enum vmoat_head_kind kind = vmoat_content_head(*content);
  __u32 at = content->until - p->seq;
  int length = 0;
  if (!read_all(skb, p, kind, &head, (struct vmoat_heads*)(event + 1), &at, &length)) {
    bpf_ringbuf_discard(event, BPF_RB_NO_WAKEUP);
    return false;
  }
  p->time_ns = bpf_ktime_get_ns();
  describe(event, skb, p, sizeof(struct vmoat_heads));
  event->reason = 0;
  wake(ring, set, size, event);
  content->until = p->seq + at;
  content->ends = vmoat_content_ends(length == SPLIT ? 0 : length, kind);
  if (length == SPLIT) {
    flow->head.seq = content->until - head.size;
    __builtin_memcpy(flow->head.bytes, head.bytes, VMOAT_HEAD_BYTES);
    flow->head.size = head.size;
  }
  return true;
}

/* Whether a frame's heads were read; else it is for the engine. Nothing of its flow is held (is_due), so that
 * what stands there is what the engine, or a frame before, has left. Only one frame of a flow at a time: for
 * all others nothing is due meanwhile, nor where this one fails, until the engine says so. Global, see
 * parse_any. */
__noinline int read_heads(struct __sk_buff* skb, struct packet* p) {
  if (!p) return 0;
  const __u32 zero = 0;
  __u32 worker = worker_of(p);
  struct vmoat_settings* set = bpf_map_lookup_elem(&settings, &zero);
  void* ring = bpf_map_lookup_elem(&rings, &worker);
  struct vmoat_flow_key key = p->key;
  struct vmoat_flow* flow = bpf_map_lookup_elem(&flows, &key);
  if (!set || !ring || !flow || !has_room(ring)) return 0;
  struct vmoat_content content = content_of(flow);
  if (!is_at_head(p, content)) return 0;
  struct vmoat_content claimed = {content.until, vmoat_content_bytes(content)};
  __u64 before, mine, after;
  __builtin_memcpy(&before, &content, sizeof(before));
  __builtin_memcpy(&mine, &claimed, sizeof(mine));
  if (__sync_val_compare_and_swap((__u64*)&flow->content, before, mine) != before) return 0;
  if (!tell_heads(skb, p, flow, &content, ring, set)) return 0;
  __builtin_memcpy(&after, &content, sizeof(after));
  if (__sync_val_compare_and_swap((__u64*)&flow->content, mine, after) == mine) return 1;
  flow->head.size = 0; /* an answer came */
  return 0;
}
