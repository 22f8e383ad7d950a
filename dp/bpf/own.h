// What a guest in protect may say of itself: its addresses, and what it serves.
#pragma once

#define ARP_SENDER_MAC 8 /* offsets behind the Ethernet header and tags, RFC 826 */
#define ARP_SENDER_IP 14
#define DHCP_COOKIE_AT 236 /* in the payload of UDP, RFC 2131 */
#define DHCP_COOKIE 0x63825363
#define DHCPV6_TYPES 36 /* RFC 8415 7.3 and those registered since */
#define NDP_RS 133
#define NDP_RA 134
#define NDP_NS 135
#define NDP_NA 136
#define NDP_REDIRECT 137

/* 0 where it is none; what came from afar never is (RFC 4861 6.1, 7.1). */
static __always_inline __u8 ndp_type(const struct packet* p) {
  bool near = p->key.proto == PROTO_ICMPV6 && (p->reason & VMOAT_TEACH) && p->hops == 255;
  return near ? p->key.far_port >> 8 : 0;
}

static __always_inline bool is_arp(const struct packet* p) {
  return !p->has_key && (p->reason & VMOAT_TEACH);
}

static __always_inline bool serves_dhcp(const struct packet* p) {
  return p->has_key && p->key.proto == PROTO_UDP && (p->reason & VMOAT_TEACH) &&
         (p->key.near_port == 67 || p->key.near_port == 547);
}

/* Acts as a DHCP server or an IPv6 router; of frames that the guest sends. */
static __always_inline bool serves(const struct packet* p) {
  __u8 ndp = ndp_type(p);
  return serves_dhcp(p) || ndp == NDP_RA || ndp == NDP_REDIRECT;
}

static __always_inline bool may_serve(const struct packet* p, const struct vmoat_guard* guard) {
  return guard->flags & (serves_dhcp(p) ? VMOAT_MAY_SERVE_DHCP : VMOAT_MAY_ROUTE);
}

static __always_inline bool is_to_many(const __u8* address) {
  const __u32* words = (const __u32*)address;
  bool v4 = !words[0] && !words[1] && words[2] == bpf_htonl(0xffff);
  return v4 ? address[12] >= 224 : address[0] == 0xff;
}

/* A message between client and server, not something else on their ports. Towards a server it is for all:
 * what goes to one of them is a flow like others. */
static __always_inline bool is_dhcp_message(struct __sk_buff* skb, const struct packet* p) {
  bool to_server = p->way == VMOAT_FROM_NIC && !serves_dhcp(p);
  if (to_server && !is_to_many(p->key.far)) return false;
  if (p->way == VMOAT_TO_NIC && p->key.near_port != 68 && p->key.near_port != 546 && !is_to_many(p->key.near))
    return false;
  __u8 head[4];
  if (p->key.family == 6) return read(skb, p->payload_at, head, 1) && head[0] && head[0] <= DHCPV6_TYPES;
  return read(skb, p->payload_at + DHCP_COOKIE_AT, head, 4) && be32(head) == DHCP_COOKIE;
}

/* Really one of ARP, neighbour discovery, DHCP, which need no rule. */
static __always_inline bool teaches(struct __sk_buff* skb, const struct packet* p) {
  return is_arp(p) || ndp_type(p) || (!(p->reason & VMOAT_FRAGMENT) && is_dhcp_message(skb, p));
}

/* The address that a frame of the guest claims; false where it claims none. A claim that cannot be read is
 * one of nobody's address. */
static __always_inline bool claimed(struct __sk_buff* skb, const struct packet* p, __u8* address) {
  __u8 ndp = ndp_type(p);
  __u8 four[4] = {};
  if (is_arp(p)) {
    if (read(skb, p->payload_at + ARP_SENDER_IP, four, 4) && !(four[0] | four[1] | four[2] | four[3]))
      return false;
    set_ipv4(address, four);
    return true;
  }
  if (!ndp) return false;
  const __u32* near = (const __u32*)p->key.near;
  bool unspecified = !(near[0] | near[1] | near[2] | near[3]);
  if (ndp == NDP_RS && unspecified) return false;
  if (ndp == NDP_NA || (ndp == NDP_NS && unspecified)) {
    if (!read(skb, p->payload_at, address, 16)) __builtin_memset(address, 0, 16);
  } else {
    __builtin_memcpy(address, p->key.near, 16);
  }
  return true;
}

/* The sender's MAC in an ARP frame is the guest's own. */
static __always_inline bool is_own_arp(struct __sk_buff* skb, const struct packet* p,
                                       const struct vmoat_guard* guard) {
  __u8 mac[6];
  if (!is_arp(p)) return true;
  if (!read(skb, p->payload_at + ARP_SENDER_MAC, mac, 6)) return false;
  bool same = true, known = false;
  for (int i = 0; i < 6; i++) {
    same &= mac[i] == guard->mac[i];
    known |= guard->mac[i] != 0;
  }
  return same || !known;
}

/* The engine has said that the address is this NIC's guest's. */
static __always_inline bool is_own(const struct packet* p, const __u8* address,
                                   const struct vmoat_guard* guard) {
  struct vmoat_end_key key = {.segment = guard->segment};
  if (p->key.tags[0]) return false; /* another segment than that of untagged frames */
  __builtin_memcpy(key.address, address, 16);
  struct vmoat_end* end = bpf_map_lookup_elem(&ends, &key);
  return end && end->slot == p->key.slot && end->generation == guard->generation;
}

/* Passes without a question: claims nothing, or what is its own. */
static __always_inline bool is_own_claim(struct __sk_buff* skb, const struct packet* p,
                                         const struct vmoat_guard* guard) {
  __u8 address[16] = {};
  if (p->way == VMOAT_TO_NIC || !(guard->flags & VMOAT_OWN_ADDRESSES)) return true;
  if (guard->flags & VMOAT_WAITING) return true; /* nobody could say whose it is */
  return !claimed(skb, p, address) || is_own(p, address, guard);
}
