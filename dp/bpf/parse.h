// The kernel's frame parser: from an skb to the flow key of contract/kernel.h. The engine's parser makes
// the same key of the same bytes; kernel_parse_test holds the two together.
//
// Rules: at most two VLAN tags (802.1Q, 802.1ad), those in the skb's metadata included. IPv4 with
// options. IPv6 with at most 8 extension headers. A header is read only within the IP packet's own
// length (total length, payload length), never in Ethernet padding; a length that cannot be means "to the
// end of the frame". Of a transport header that is cut the ports are taken if they are there. What has no
// key at all is VMOAT_ODD.
#pragma once

#define ETHERTYPE_IPV4 0x0800
#define ETHERTYPE_ARP 0x0806
#define ETHERTYPE_RARP 0x8035
#define ETHERTYPE_VLAN 0x8100
#define ETHERTYPE_QINQ 0x88a8
#define ETHERTYPE_QINQ_OLD 0x9100
#define ETHERTYPE_IPV6 0x86dd

#define PROTO_HOP_BY_HOP 0
#define PROTO_ICMP 1
#define PROTO_TCP 6
#define PROTO_UDP 17
#define PROTO_ROUTING 43
#define PROTO_FRAGMENT 44
#define PROTO_ICMPV6 58
#define PROTO_DESTINATION 60
#define PROTO_SCTP 132
#define PROTO_MOBILITY 135
#define PROTO_UDPLITE 136
#define PROTO_HIP 139
#define PROTO_SHIM6 140

#define EXTENSIONS_MAX 8
#define PLAIN_UDP (14 + 20 + 8)
#define PLAIN_TCP (14 + 20 + 20)

#define TCP_FIN 0x01
#define TCP_SYN 0x02
#define TCP_RST 0x04
#define TCP_PSH 0x08
#define TCP_ACK 0x10
#define TCP_FLAGS 0x3f /* FIN SYN RST PSH ACK URG */

struct packet {
  struct vmoat_flow_key key;
  __u64 time_ns;        /* set where the frame goes up */
  __u32 payload_at;     /* offset in the frame of what follows the last header understood */
  __u32 payload_length; /* bytes from there to the packet's end as its IP header has it */
  __u32 want;           /* how many of them shall go up */
  __u32 seq, ack;       /* TCP */
  __u32 fragment_id;
  __u16 tcp_window;
  __u8 tcp_flags;
  __u8 reason;  /* enum vmoat_reason bits that the frame itself gives */
  __u16 sender; /* slot of the tapped NIC that it came from, 0 = of none */
  __u8 way;
  __u8 has_key;
  __u8 later;     /* a fragment but the first */
  __u8 completed; /* the opener's first acknowledgement */
  __u8 answers;   /* an ICMP message that answers a request */
  __u8 bad;       /* a fragment that no stack sends */
  __u8 hops;      /* IPv6: hop limit */
};

struct ends {  /* of the IP header being read, as it stands there */
  __u32 at;    /* of what comes next */
  __u32 limit; /* the packet's end in the frame */
};

static __always_inline __u16 be16(const __u8* at) {
  return at[0] << 8 | at[1];
}

static __always_inline __u32 be32(const __u8* at) {
  return (__u32)at[0] << 24 | at[1] << 16 | at[2] << 8 | at[3];
}

static __always_inline bool read(struct __sk_buff* skb, __u32 at, void* to, __u32 size) {
  return bpf_skb_load_bytes(skb, at, to, size) == 0;
}

static __always_inline void set_ports(struct packet* p, __u16 source, __u16 destination) {
  p->key.near_port = p->way == VMOAT_FROM_NIC ? source : destination;
  p->key.far_port = p->way == VMOAT_FROM_NIC ? destination : source;
}

/* What is left of a header that is cut. */
static __always_inline void parse_cut(struct __sk_buff* skb, struct packet* p, struct ends* e) {
  __u8 ports[4];
  p->reason |= VMOAT_ODD;
  if (e->at + sizeof(ports) <= e->limit && read(skb, e->at, ports, sizeof(ports)))
    set_ports(p, be16(ports), be16(ports + 2));
}

static __always_inline void parse_tcp(struct __sk_buff* skb, struct packet* p, struct ends* e) {
  __u8 head[20];
  if (e->at + sizeof(head) > e->limit || !read(skb, e->at, head, sizeof(head))) {
    parse_cut(skb, p, e);
    return;
  }
  set_ports(p, be16(head), be16(head + 2));
  p->tcp_flags = head[13];
  p->seq = be32(head + 4);
  p->ack = be32(head + 8);
  p->tcp_window = be16(head + 14);
  __u32 length = (head[12] >> 4) * 4;
  if (length < 20 || e->at + length > e->limit) {
    p->reason |= VMOAT_ODD;
    length = 20;
  }
  e->at += length;
}

static __always_inline bool is_dhcp(__u16 port) {
  return port == 67 || port == 68 || port == 546 || port == 547;
}

static __always_inline void note_dhcp(struct packet* p) {
  if (p->key.proto == PROTO_UDP && is_dhcp(p->key.near_port) && is_dhcp(p->key.far_port))
    p->reason |= VMOAT_TEACH;
}

static __always_inline void parse_udp(struct __sk_buff* skb, struct packet* p, struct ends* e) {
  __u8 head[8];
  if (e->at + sizeof(head) > e->limit || !read(skb, e->at, head, sizeof(head))) {
    parse_cut(skb, p, e);
    return;
  }
  set_ports(p, be16(head), be16(head + 2));
  if (p->key.proto == PROTO_UDP && is_dhcp(p->key.near_port) && is_dhcp(p->key.far_port))
    p->reason |= VMOAT_TEACH;
  e->at += sizeof(head);
}

static __always_inline void parse_sctp(struct __sk_buff* skb, struct packet* p, struct ends* e) {
  __u8 head[12];
  if (e->at + sizeof(head) > e->limit || !read(skb, e->at, head, sizeof(head))) {
    p->reason |= VMOAT_ODD;
    return;
  }
  set_ports(p, be16(head), be16(head + 2));
  e->at += sizeof(head);
}

/* The type of the request that this message asks or answers, 0 for others. */
static __always_inline __u8 icmp_request(__u8 proto, __u8 type) {
  if (proto == PROTO_ICMPV6) return type == 128 || type == 129 ? 128 : 0;
  switch (type) {
    case 0:
    case 8:
      return 8;
    case 13:
    case 14:
      return 13;
    case 15:
    case 16:
      return 15;
    case 17:
    case 18:
      return 17;
  }
  return 0;
}

/* A reply stands under its request's type, so that both ways are one flow. */
static __always_inline void parse_icmp(struct __sk_buff* skb, struct packet* p, struct ends* e) {
  __u8 head[8];
  if (e->at + sizeof(head) > e->limit || !read(skb, e->at, head, sizeof(head))) {
    p->reason |= VMOAT_ODD;
    return;
  }
  __u8 request = icmp_request(p->key.proto, head[0]);
  p->answers = request && head[0] != request;
  p->key.near_port = request ? be16(head + 4) : 0;
  p->key.far_port = (request ? request : head[0]) << 8 | head[1];
  bool ndp = p->key.proto == PROTO_ICMPV6 && head[0] >= 133 && head[0] <= 137; /* RFC 4861 */
  if (ndp) p->reason |= VMOAT_TEACH;
  e->at += sizeof(head);
}

static __always_inline void parse_transport(struct __sk_buff* skb, struct packet* p, struct ends* e) {
  switch (p->key.proto) {
    case PROTO_TCP:
      parse_tcp(skb, p, e);
      break;
    case PROTO_UDP:
    case PROTO_UDPLITE:
      parse_udp(skb, p, e);
      break;
    case PROTO_SCTP:
      parse_sctp(skb, p, e);
      break;
    case PROTO_ICMP:
      if (p->key.family == 4) parse_icmp(skb, p, e);
      break;
    case PROTO_ICMPV6:
      if (p->key.family == 6) parse_icmp(skb, p, e);
      break;
  }
}

/* `length` bytes of IP packet begin at `at`; a capture can be shorter than it says. */
static __always_inline void set_limit(struct ends* e, __u32 at, __u32 length, __u32 frame) {
  e->limit = at + length < frame ? at + length : frame;
}

static __always_inline void set_ipv4(__u8* address, const __u8* from) {
  ((__u32*)address)[2] = bpf_htonl(0xffff);
  __builtin_memcpy(address + 12, from, 4);
}

#define DATAGRAM_BYTES_MAX 65535

/* A first fragment that cuts the header of its transport, one that writes over TCP's flags (RFC 1858), one
 * that ends behind the longest datagram. `at`: where in the datagram its `length` bytes belong. */
static __always_inline void note_bad(struct packet* p, __u32 at, __u32 length) {
  bool cut = !p->later && (p->reason & VMOAT_ODD);
  p->bad = cut || (p->key.proto == PROTO_TCP && at == 8) || at + (length & 0xffff) > DATAGRAM_BYTES_MAX;
}

static __always_inline bool parse_ipv4(struct __sk_buff* skb, struct packet* p, struct ends* e) {
  __u8 head[20];
  if (!read(skb, e->at, head, sizeof(head))) return false;
  __u32 header = (head[0] & 15) * 4;
  __u32 total = be16(head + 2);
  if (head[0] >> 4 != 4 || header < 20 || e->at + header > skb->len || (total && total < header))
    return false;
  set_ipv4(p->way == VMOAT_FROM_NIC ? p->key.near : p->key.far, head + 12);
  set_ipv4(p->way == VMOAT_FROM_NIC ? p->key.far : p->key.near, head + 16);
  p->key.family = 4;
  p->key.proto = head[9];
  set_limit(e, e->at, total < header ? skb->len : total, skb->len);
  e->at += header;
  __u16 fragment = be16(head + 6);
  if (fragment & 0x3fff) p->reason |= VMOAT_FRAGMENT;
  p->later = (fragment & 0x1fff) != 0;
  p->fragment_id = be16(head + 4);
  if (!p->later) parse_transport(skb, p, e);
  if (fragment & 0x3fff) note_bad(p, (fragment & 0x1fff) * 8, total - header);
  return true;
}

/* Returns the length of extension header `proto`, 0 where it is none. `next` holds its first bytes. */
static __always_inline __u32 extension_length(__u8 proto, const __u8* next) {
  switch (proto) {
    case PROTO_HOP_BY_HOP:
    case PROTO_ROUTING:
    case PROTO_DESTINATION:
    case PROTO_MOBILITY:
    case PROTO_HIP:
    case PROTO_SHIM6:
      return (next[1] + 1) * 8;
    case PROTO_FRAGMENT:
      return 8;
  }
  return 0;
}

static __always_inline bool is_extension(__u8 proto) {
  static const __u8 none[2];
  return extension_length(proto, none) != 0;
}

/* False where the chain has more than EXTENSIONS_MAX headers or is cut. */
static __always_inline bool parse_extensions(struct __sk_buff* skb, struct packet* p, struct ends* e,
                                             bool* later, __u32* at) {
  __u8 proto = p->key.proto;
  for (int i = 0; i < EXTENSIONS_MAX && is_extension(proto) && !*later; i++) {
    __u8 next[8];
    if (e->at + 8 > e->limit || !read(skb, e->at, next, sizeof(next))) return false;
    if (proto == PROTO_FRAGMENT) {
      __u16 field = be16(next + 2);
      if (field & 0xfff9) p->reason |= VMOAT_FRAGMENT; /* else atomic, RFC 6946 */
      *later = (field & 0xfff8) != 0;
      *at = field & 0xfff8;
      p->fragment_id = be32(next + 4);
    }
    e->at += extension_length(proto, next);
    proto = next[0];
  }
  p->key.proto = proto;
  return (*later || !is_extension(proto)) && e->at <= e->limit;
}

static __always_inline bool parse_ipv6(struct __sk_buff* skb, struct packet* p, struct ends* e) {
  __u8 head[40];
  bool later = false;
  if (!read(skb, e->at, head, sizeof(head)) || head[0] >> 4 != 6) return false;
  __builtin_memcpy(p->way == VMOAT_FROM_NIC ? p->key.near : p->key.far, head + 8, 16);
  __builtin_memcpy(p->way == VMOAT_FROM_NIC ? p->key.far : p->key.near, head + 24, 16);
  p->key.family = 6;
  p->key.proto = head[6];
  p->hops = head[7];
  e->at += sizeof(head);
  __u32 length = be16(head + 4);
  bool jumbo = length == 0 && (head[6] == PROTO_HOP_BY_HOP || skb->len - e->at > 0xffff);
  set_limit(e, e->at, jumbo ? skb->len : length, skb->len);
  __u32 at = 0;
  if (!parse_extensions(skb, p, e, &later, &at)) return false;
  p->later = later;
  if (!later) parse_transport(skb, p, e);
  if (p->reason & VMOAT_FRAGMENT) note_bad(p, at, e->limit - e->at);
  return true;
}

static __always_inline bool is_vlan(__u16 type) {
  return type == ETHERTYPE_VLAN || type == ETHERTYPE_QINQ || type == ETHERTYPE_QINQ_OLD;
}

/* Ethernet and tags; returns the EtherType behind them, 0 where the frame is too short or has a third tag. */
static __always_inline __u16 parse_ethernet(struct __sk_buff* skb, struct packet* p, struct ends* e) {
  __u8 tag[4];
  __u32 tags = 0;
  __u8 type[2];
  if (!read(skb, 12, type, 2)) return 0;
  __u16 ethertype = be16(type);
  e->at = 14;
  if (skb->vlan_present && (skb->vlan_tci & 0xfff)) p->key.tags[tags++] = skb->vlan_tci & 0xfff;
  for (int i = 0; i < 2 && is_vlan(ethertype); i++) {
    if (tags > 1 || !read(skb, e->at, tag, sizeof(tag))) return 0;
    p->key.tags[tags & 1] = be16(tag) & 0xfff;
    tags++;
    ethertype = be16(tag + 2);
    e->at += 4;
  }
  return is_vlan(ethertype) ? 0 : ethertype;
}

/* The commonest frame by far: no tag, IPv4 without options or fragments, TCP or UDP, all of it as long as it
 * says. Read in place, which is three times as quick; false leaves everything to the rules above. */
static __always_inline bool parse_plain(struct __sk_buff* skb, struct packet* p) {
  const __u8* frame = (const __u8*)(long)skb->data;
  const __u8* end = (const __u8*)(long)skb->data_end;
  if (frame + PLAIN_UDP > end || skb->vlan_present) return false;
  const __u8* ip = frame + 14;
  __u32 total = be16(ip + 2);
  if (be16(frame + 12) != ETHERTYPE_IPV4 || ip[0] != 0x45 || (be16(ip + 6) & 0x3fff) || 14 + total > skb->len)
    return false;
  __u32 header = 8;
  if (ip[9] == PROTO_TCP) {
    if (frame + PLAIN_TCP > end) return false;
    header = (frame[46] >> 4) * 4;
    if (header < 20) return false;
    p->tcp_flags = frame[47];
    p->seq = be32(frame + 38);
    p->ack = be32(frame + 42);
    p->tcp_window = be16(frame + 48);
  } else if (ip[9] != PROTO_UDP) {
    return false;
  }
  if (20 + header > total) return false;
  set_ipv4(p->way == VMOAT_FROM_NIC ? p->key.near : p->key.far, ip + 12);
  set_ipv4(p->way == VMOAT_FROM_NIC ? p->key.far : p->key.near, ip + 16);
  p->key.family = 4;
  p->key.proto = ip[9];
  set_ports(p, be16(frame + 34), be16(frame + 36));
  note_dhcp(p);
  p->payload_at = 34 + header;
  p->payload_length = total - 20 - header;
  return true;
}

#define TWO_FIRSTS_MS 5000 /* ids come again: later it is another datagram */

static __always_inline bool same_ports(const struct vmoat_datagram_owner* a,
                                       const struct vmoat_datagram_owner* b) {
  return a->near_port == b->near_port && a->far_port == b->far_port && a->proto == b->proto;
}

/* A first fragment says whose the datagram is; a later one takes the ports from there. */
static __always_inline void find_owner(struct packet* p) {
  struct vmoat_datagram datagram = {.id = p->fragment_id, .slot = p->key.slot, .way = p->way};
  __builtin_memcpy(datagram.near, p->key.near, 16);
  __builtin_memcpy(datagram.far, p->key.far, 16);
  datagram.tags[0] = p->key.tags[0];
  datagram.tags[1] = p->key.tags[1];
  datagram.proto = p->key.family == 4 ? p->key.proto : 0;
  struct vmoat_datagram_owner* owner = bpf_map_lookup_elem(&datagrams, &datagram);
  if (!p->later) {
    struct vmoat_datagram_owner fresh = {.at_ms = bpf_ktime_get_coarse_ns() / 1000000,
                                         .near_port = p->key.near_port,
                                         .far_port = p->key.far_port,
                                         .proto = p->key.proto};
    if (owner && fresh.at_ms - owner->at_ms < TWO_FIRSTS_MS && !same_ports(owner, &fresh)) {
      p->bad = 1;
      return;
    }
    bpf_map_update_elem(&datagrams, &datagram, &fresh, BPF_ANY);
    return;
  }
  if (!owner) return;
  p->key.near_port = owner->near_port;
  p->key.far_port = owner->far_port;
  p->key.proto = owner->proto;
}

/* By the rules on top of this file. 1 where the frame has a key. Global, so that the verifier goes through
 * it once by itself and not once for every way there. */
__noinline int parse_any(struct __sk_buff* skb, struct packet* p) {
  if (!p) return 0;
  struct ends e = {14, skb->len};
  bool keyed = false;
  __u16 type = parse_ethernet(skb, p, &e);
  if (type == ETHERTYPE_IPV4)
    keyed = parse_ipv4(skb, p, &e);
  else if (type == ETHERTYPE_IPV6)
    keyed = parse_ipv6(skb, p, &e);
  else if (type == ETHERTYPE_ARP || type == ETHERTYPE_RARP)
    p->reason |= VMOAT_TEACH;
  if (!keyed && !(p->reason & VMOAT_TEACH)) p->reason |= VMOAT_ODD;
  p->payload_at = e.at;
  p->payload_length = e.limit > e.at ? e.limit - e.at : 0;
  if (keyed && (p->reason & VMOAT_FRAGMENT)) find_owner(p);
  return keyed;
}

/* Fills p, which is zero but for its way and the key's slot. */
static __always_inline void parse(struct __sk_buff* skb, struct packet* p) {
  p->has_key = parse_plain(skb, p) || parse_any(skb, p) == 1;
}
