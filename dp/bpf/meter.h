// The meters: what floods are made of, counted per NIC and CPU so that a flood is seen while events are over
// budget.
#pragma once

#define SMALL_WINDOW_MAX 15

static __always_inline void meter_tcp(const struct packet* p, __u64* meters) {
  __u8 flags = p->tcp_flags;
  if ((flags & (TCP_SYN | TCP_FIN | TCP_RST | TCP_ACK)) == TCP_ACK) { /* the bulk */
    if (p->tcp_window - 1u < SMALL_WINDOW_MAX) meters[VMOAT_METER_SMALL_WINDOW]++;
    if (p->completed) meters[VMOAT_METER_COMPLETED]++;
    return;
  }
  if (VMOAT_BAD_FLAGS >> (flags & 63) & 1) meters[VMOAT_METER_BAD_FLAGS]++;
  if (flags & TCP_SYN) meters[flags & TCP_ACK ? VMOAT_METER_SYN_ACK : VMOAT_METER_SYN]++;
  if (flags & TCP_RST) meters[VMOAT_METER_RESET]++;
}

static __always_inline bool is_neighbour_discovery(const struct packet* p) {
  return p->key.proto == PROTO_ICMPV6 && (p->reason & VMOAT_TEACH);
}

static __always_inline void meter(const struct packet* p, __u64* meters) {
  if (p->reason & VMOAT_FRAGMENT) meters[VMOAT_METER_FRAGMENT]++;
  switch (p->key.proto) {
    case PROTO_TCP:
      if (!p->later) meter_tcp(p, meters);
      break;
    case PROTO_UDP:
      meters[VMOAT_METER_UDP]++;
      if (p->reason & (VMOAT_NEW | VMOAT_UNTRACKED)) meters[VMOAT_METER_UDP_NEW]++;
      break;
    case PROTO_ICMP:
    case PROTO_ICMPV6:
      if (!is_neighbour_discovery(p)) meters[VMOAT_METER_ICMP]++;
      break;
  }
}
