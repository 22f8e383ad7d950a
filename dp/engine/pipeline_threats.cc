// The pipeline and the threats: what happens to sessions and between neighbours, told to the watch.
#include "base/endian.h"
#include "engine/pipeline_impl.h"
#include "threats/amplifiers.h"

namespace vmoat {

namespace {

bool is_tcp(const Packet& p) {
  return p.proto == IPPROTO_TCP && p.layer == Layer::transport;
}

bool is_icmp(uint8_t proto) {
  return proto == IPPROTO_ICMP || proto == IPPROTO_ICMPV6;
}

constexpr uint16_t dhcp_server = 67, dhcp_client = 68, dhcpv6_client = 546, dhcpv6_server = 547;

/** To a DHCP or DHCPv6 client or server; whatever port it comes from, its receiver takes it. */
bool is_dhcp(const Packet& p) {
  return p.proto == IPPROTO_UDP && (p.family == 4 ? p.dport == dhcp_server || p.dport == dhcp_client
                                                  : p.dport == dhcpv6_server || p.dport == dhcpv6_client);
}

}  // namespace

/** At the NIC of whoever sends, else of whoever receives. */
Subject Pipeline::Impl::subject_of(const Session& s, int source) const {
  const bool turn = source != 0 && !is_icmp(s.key.proto());
  const bool sent = s.slot[source] != no_slot || s.slot[1 - source] == no_slot;
  return {.src = source != 0 ? s.key.high : s.key.low,
          .dst = source != 0 ? s.key.low : s.key.high,
          .flow = s.id,
          .segment = paths_.at(s.path).segment,
          .sport = turn ? s.key.high_port : s.key.low_port,
          .dport = turn ? s.key.low_port : s.key.high_port,
          .slot = s.slot[sent ? source : 1 - source],
          .way = static_cast<uint8_t>(sent ? VMOAT_FROM_NIC : VMOAT_TO_NIC),
          .proto = s.key.proto(),
          .family = s.key.family()};
}

/** Of a packet without a session. */
Subject Pipeline::Impl::subject_of(const Packet& p, const Frame& frame) {
  return {.src = p.src,
          .dst = p.dst,
          .segment = frame.segment,
          .sport = p.sport,
          .dport = p.dport,
          .slot = frame.slot,
          .way = frame.way,
          .proto = p.proto,
          .family = p.family};
}

void Pipeline::Impl::judge_odd(const Packet& p, const Context& context) {
  Session* s = context.session != 0 ? &table_[context.session] : nullptr;
  Subject subject = subject_of(p, *context.frame);
  if (s != nullptr) subject.flow = s->id;
  watch_.odd(p, subject, s, context.frame->time_ns);
}

void Pipeline::Impl::judge_flow(Session& s, FlowStep step, const uint64_t (&packets)[2],
                                const uint64_t (&bytes)[2], int64_t now_ns, FlowEnd end) {
  if (!watch_.wants(step)) return;
  const Subject subject = subject_of(s, s.client());
  FlowEvent event = {.step = step,
                     .session = s,
                     .subject = subject,
                     .packets = {packets[0], packets[1]},
                     .bytes = {bytes[0], bytes[1]},
                     .end = end};
  if (s.layers[0] != 0) event.application = recognition_.name_of(s.layers[0]);
  watch_.flow(event, s, now_ns);
}

/** By the number of its application; what the operator defined is asked about by name. */
bool Pipeline::Impl::is_end_told(const Session& s) const {
  const size_t number = s.layers[0];
  return number < ends_told_.size() ? ends_told_[number] : watch_.wants(flow_ended);
}

void Pipeline::Impl::judge_end(Session& s, FlowEnd end) {
  const int client = s.client();
  judge_flow(s, flow_ended, {s.packets[client], s.packets[1 - client]},
             {s.bytes[client], s.bytes[1 - client]}, s.last_ns, end);
}

void Pipeline::Impl::judge_growth(Session& s, int sender, uint64_t packets, uint64_t bytes, int64_t now_ns) {
  const bool pings = s.key.proto() == IPPROTO_ICMP;
  if ((s.key.proto() != IPPROTO_UDP && !pings) || !watch_.wants(flow_grown)) return;
  const int client = s.client();
  const bool matters =
      pings ? (s.mac[1 - client][0] & 1) != 0 : can_amplify(client != 0 ? s.key.low_port : s.key.high_port);
  if (!matters) return;
  const bool asks = sender == client;
  judge_flow(s, flow_grown, {asks ? packets : 0, asks ? 0 : packets}, {asks ? bytes : 0, asks ? 0 : bytes},
             now_ns);
}

/** After a packet has moved its session from the state `before`. */
void Pipeline::Impl::judge(uint32_t number, int sender, const Packet& p, const Context& context,
                           State before) {
  Session& s = table_[number];
  const int64_t now_ns = context.frame->time_ns;
  const bool tcp = is_tcp(p), fresh = before == State::fresh;
  if (!context.kernel_counts) judge_growth(s, sender, context.packets, context.bytes, now_ns);
  const bool handshake_done = tcp && before == State::half_open && s.state == State::established;
  if (!live()) meter(p, fresh, handshake_done && sender == s.client());
  uint8_t kinds = fresh ? packet_first : 0;
  if (tcp && (p.tcp_flags & tcp_syn) != 0) kinds |= packet_syn;
  if (is_icmp(p.proto)) kinds |= packet_icmp;
  if (handshake_done && sender == s.client()) kinds |= packet_ack;
  if (context.depth == 0 && (p.proto == IPPROTO_ICMPV6 || is_dhcp(p))) judge_neighbour(p, *context.frame);
  if (kinds == 0 && !(tcp && before == State::half_open)) return;
  if (kinds != 0) {
    Subject subject = subject_of(s, sender);
    if (subject.slot == no_slot) subject.slot = context.frame->slot, subject.way = context.frame->way;
    watch_.packet(kinds, {p, s, subject, sender == s.client(), context.depth != 0}, s, now_ns);
  }
  if (fresh && !s.has(was_picked_up)) {
    judge_flow(s, flow_opened, {1, 0}, {p.length, 0}, now_ns);
    note_opened(number, now_ns);
  }
  if (handshake_done) judge_flow(s, flow_established, {0, 0}, {0, 0}, now_ns);
  const bool refused = tcp && before == State::half_open && (p.tcp_flags & tcp_rst) != 0 &&
                       sender != s.client() && (s.tcp[sender].flags & tcp_syn) == 0;
  if (refused) judge_flow(s, flow_failed, {0, 0}, {0, 0}, now_ns, FlowEnd::rst);
}

void Pipeline::Impl::note_opened(uint32_t number, int64_t now_ns) {
  const Session& s = table_[number];
  const int server = 1 - s.client();
  const bool to_many = (s.mac[server][0] & 1) != 0 || !is_ownable(server != 0 ? s.key.high : s.key.low);
  if (to_many || opened_count_ == opened_max || !watch_.wants(flow_failed)) return;
  opened_[(opened_first_ + opened_count_++) % opened_max] = {now_ns, s.id, number};
}

/** Flows opened up to then that nobody has answered. */
void Pipeline::Impl::judge_opened(int64_t until_ns) {
  for (; opened_count_ > 0 && opened_[opened_first_].time_ns <= until_ns; opened_count_--) {
    const Opened o = opened_[opened_first_];
    opened_first_ = (opened_first_ + 1) % opened_max;
    Session& s = table_[o.number];
    if (s.id != o.id || s.packets[1 - s.client()] != 0 || s.has(s.client() != 0 ? sent_low : sent_high))
      continue;
    judge_flow(s, flow_failed, {0, 0}, {0, 0}, until_ns);
    if (live() && s.threats != 0) touch(o.number);
  }
}

namespace {

constexpr uint8_t router_advertisement = 134;

/** RFC 2131, 2: `op`, and `xid` behind three more bytes. A server's answer to a relay is none to a client. */
bool read_dhcp4(const Packet& p, NeighbourEvent& event) {
  constexpr uint8_t request = 1, reply = 2;
  constexpr size_t options_at = 240;
  const Bytes message = p.payload;
  if (message.size() < options_at) return false;
  const bool asks = message[0] == request && p.dport == dhcp_server;
  if (!asks && !(message[0] == reply && p.dport == dhcp_client)) return false;
  event.kind = asks ? NeighbourEvent::Kind::dhcp_client : NeighbourEvent::Kind::dhcp_server;
  event.transaction = load_be32(&message[4]);
  return true;
}

/** RFC 8415, 7.3 and 8: a message's type, and 24 bits of transaction. Relays' messages have none. */
bool read_dhcp6(const Packet& p, NeighbourEvent& event) {
  constexpr uint32_t advertise = 2, reply = 7, reconfigure = 10, information_request = 11;
  if (p.payload.size() < 4) return false;
  const uint32_t head = load_be32(p.payload.data()), type = head >> 24;
  const bool answers = (type == advertise || type == reply) && p.dport == dhcpv6_client;
  const bool asks = type >= 1 && type <= information_request && type != advertise && type != reply &&
                    type != reconfigure && p.dport == dhcpv6_server;
  if (!answers && !asks) return false;
  event.kind = asks ? NeighbourEvent::Kind::dhcp_client : NeighbourEvent::Kind::dhcp_server;
  event.transaction = head & 0xffffff;
  return true;
}

bool read_dhcp(const Packet& p, NeighbourEvent& event) {
  return is_dhcp(p) && (p.family == 4 ? read_dhcp4(p, event) : read_dhcp6(p, event));
}

/** What an ARP or NDP message claims; false where it claims nothing. */
bool read_claim(const Packet& p, NeighbourEvent& event) {
  Lesson lesson;
  if (!lesson_of_arp(p, lesson) && !lesson_of_ndp(p, lesson)) return false;
  event.address = lesson.address;
  event.mac = lesson.mac;
  if (p.layer == Layer::arp) {
    event.kind = NeighbourEvent::Kind::arp;
    event.answer = load_be16(&p.body[6]) == 2;
    event.asked = Address::v4(&p.body[24]);
  } else {
    event.kind = NeighbourEvent::Kind::ndp;
    event.answer = p.body[0] == 136;
  }
  return is_ownable(event.address);
}

bool read_neighbour(const Packet& p, NeighbourEvent& event) {
  const bool router = p.proto == IPPROTO_ICMPV6 && !p.body.empty() && p.body[0] == router_advertisement;
  if (!router && !read_dhcp(p, event)) return read_claim(p, event);
  if (router) event.kind = NeighbourEvent::Kind::router;
  event.address = p.src;
  event.mac = p.src_mac;
  return true;
}

}  // namespace

void Pipeline::Impl::judge_neighbour(const Packet& p, const Frame& frame) {
  if (!p.has_macs) return;
  Subject subject = subject_of(p, frame);
  NeighbourEvent event = {.kind = NeighbourEvent::Kind::arp,
                          .answer = false,
                          .directed = (p.dst_mac[0] & 1) == 0,
                          .address = {},
                          .asked = {},
                          .mac = {},
                          .frame_mac = p.src_mac,
                          .transaction = 0,
                          .subject = subject};
  if (!read_neighbour(p, event)) return;
  if (p.layer == Layer::arp) subject.src = event.address, subject.dst = event.asked, subject.family = 4;
  watch_.neighbour(event, frame.time_ns);
}

/** Offline: the kernel's meters (bpf/meter.h), counted here. */
void Pipeline::Impl::meter(const Packet& p, bool is_new, bool completed) {
  auto& counts = own_meters_.counts[VMOAT_FROM_NIC];
  if (is_icmp(p.proto)) {
    const bool neighbours =
        p.proto == IPPROTO_ICMPV6 && !p.body.empty() && p.body[0] >= 133 && p.body[0] <= 137;
    if (!neighbours) counts[VMOAT_METER_ICMP]++;
  } else if (p.proto == IPPROTO_UDP) {
    counts[VMOAT_METER_UDP]++;
    if (is_new) counts[VMOAT_METER_UDP_NEW]++;
  } else if (is_tcp(p)) {
    const uint8_t flags = p.tcp_flags;
    if ((VMOAT_BAD_FLAGS >> (flags & 63) & 1) != 0) counts[VMOAT_METER_BAD_FLAGS]++;
    if ((flags & tcp_syn) != 0) counts[(flags & tcp_ack) != 0 ? VMOAT_METER_SYN_ACK : VMOAT_METER_SYN]++;
    if ((flags & tcp_rst) != 0) counts[VMOAT_METER_RESET]++;
    if (completed) counts[VMOAT_METER_COMPLETED]++;
    const bool plain = (flags & (tcp_syn | tcp_fin | tcp_rst | tcp_ack)) == tcp_ack;
    if (plain && p.window > 0 && p.window < 16) counts[VMOAT_METER_SMALL_WINDOW]++;
  }
}

void Pipeline::Impl::meters(const NicMeters& m, int64_t now_ns) {
  for (uint8_t way : {VMOAT_FROM_NIC, VMOAT_TO_NIC}) {
    const Subject subject = {.segment = m.segment, .slot = m.slot, .way = way};
    NicSecond event = {subject, m.seconds, {}};
    std::copy_n(m.counts[way], VMOAT_METERS, event.counts.begin());
    watch_.second(event, now_ns);
  }
}

/** Offline, where the file's time reaches another second. */
void Pipeline::Impl::judge_second(int64_t now_ns) {
  if (metered_ns_ == 0) metered_ns_ = now_ns;
  if (now_ns - metered_ns_ < ns_per_s) return;
  own_meters_.seconds = static_cast<double>(now_ns - metered_ns_) / 1e9;
  meters(own_meters_, now_ns);
  own_meters_ = {};
  metered_ns_ = now_ns;
  watch_.report(sink_);
}

}  // namespace vmoat
