// Pipeline: frames through the parsers to their sessions, tunnels and fragments opened on the way.
#include "engine/pipeline.h"

#include <sys/random.h>

#include "engine/pipeline_impl.h"

namespace vmoat {

namespace {

/** Without a seed from outside, one from the kernel. */
SipHash seeded(const PipelineOptions& options) {
  uint64_t seed[2] = {options.seed[0], options.seed[1]};
  if ((seed[0] | seed[1]) == 0 && getrandom(seed, sizeof seed, 0) != sizeof seed) seed[0] = realtime_ns();
  return {seed[0], seed[1]};
}

}  // namespace

Pipeline::Impl::Impl(const PipelineOptions& options, SipHash hash, RecordSink& sink, FlowControl* control)
    : options_(options),
      hash_(hash),
      sink_(sink),
      control_(control),
      paths_(options.tunnel_ids_max, hash),
      table_(options.sessions_max, options.timeouts),
      fragments_(options.fragments, hash, paths_),
      recognition_({.openings_bytes_max = options.openings_bytes_max,
                    .facts_bytes_max = options.facts_bytes_max,
                    .contents_bytes_max = options.contents_bytes_max,
                    .slots = static_cast<uint16_t>(control != nullptr ? VMOAT_SLOTS : 1),
                    .keep_facts = options.facts,
                    .of_operator = options.applications,
                    .fallback = options.fallback,
                    .fallback_slots = options.fallback_slots}),
      listeners_(hash),
      expectations_(hash),
      addresses_(options.addresses_max, hash),
      questions_(hash),
      ended_(control != nullptr ? 1 << 17 : 1, hash),
      live_counts_(control != nullptr ? (options.sessions_max + size_t{1}) * sizeof(LiveCount) : 0),
      dirty_(control != nullptr ? (options.sessions_max + size_t{1}) * sizeof(uint32_t) : 0),
      verdicts_(control != nullptr ? options.sessions_max : 0, options.names.get(), options.own.get()),
      dhcp_{recognition_.number_of("dhcp"), recognition_.number_of("dhcpv6")},
      shown_(control != nullptr ? options.openings_bytes_max : 0, VMOAT_SLOTS),
      readings_(control != nullptr ? options.readings_bytes_max : 0),
      guarded_since_(control != nullptr ? VMOAT_SLOTS : 0),
      held_datagrams_(hash),
      next_id_(options.first_flow_id),
      watch_(options.threats, counters_, hash, options.first_flow_id, options.flow_id_step),
      ear_(*this),
      opened_(opened_max) {
  recognition_.contents().watch(&ear_);
  if (options_.names != nullptr) recognition_.watch_names(this);
  if (live()) recognition_.watch_shown(this);
  ends_told_.push_back(watch_.wants_end_of({}));
  for (const Application& a : applications()) ends_told_.push_back(watch_.wants_end_of(a.name));
}

Path Pipeline::Impl::path_of(const Frame& frame, const Packet& packet) {
  Path path;
  path.segment = frame.segment;
  path.tags[0] = packet.tags[0];
  path.tags[1] = packet.tags[1];
  path.tunnel[0] = packet.mpls;
  return path;
}

void Pipeline::Impl::count_anomalies(uint64_t anomalies) {
  for (; anomalies != 0; anomalies &= anomalies - 1) counters_.anomalies[__builtin_ctzll(anomalies)]++;
}

void Pipeline::Impl::prepare(const Frame& frame, Turn& turn) {
  decode(frame, turn.packet);
  turn.paths_age = paths_.age();
  const bool to_session = turn.packet.layer >= Layer::network && !turn.packet.fragment;
  turn.by = turn.packet.layer >= Layer::network ? paths_.find(path_of(frame, turn.packet)) : PathNumbers{};
  if (!to_session || turn.by.path == 0) return;
  turn.keyed = key_of(turn.packet, turn.by.scope, hash_);
  table_.prefetch(turn.keyed);
}

void Pipeline::Impl::frames(std::span<const Frame> frames) {
  while (!frames.empty()) {
    const auto batch = frames.first(std::min(frames.size(), batch_max));
    frames = frames.subspan(batch.size());
    advance(batch[0].time_ns);
    for (size_t i = 0; i < batch.size(); i++) prepare(batch[i], turns_[i]);
    for (size_t i = 0; i < batch.size(); i++)
      if (turns_[i].by.path != 0 && !turns_[i].packet.fragment) table_.prefetch_session(turns_[i].keyed);
    for (size_t i = 0; i < batch.size(); i++) take(batch[i], turns_[i]);
  }
}

void Pipeline::Impl::take(const Frame& frame, Turn& turn) {
  counters_.frames++;
  Packet& p = turn.packet;
  if (p.layer == Layer::none) {
    counters_.unparsed++;
    return conclude(p, {.frame = &frame});
  }
  if (p.layer == Layer::arp) {
    learn(p, frame);
    return conclude(p, {.frame = &frame});
  }
  Context context = {
      .frame = &frame,
      .path = path_of(frame, p),
      .parent = 0,
      .depth = p.mpls.kind != TunnelKind::none ? 1 : 0,
      .packets = 1,
      .bytes = p.length,
      .kernel_counts = live() && frame.key != nullptr && (frame.reason & VMOAT_UNTRACKED) == 0};
  const bool good = paths_.age() == turn.paths_age;  // else an earlier turn may have let the path go
  const PathNumbers by = good ? turn.by : paths_.find(context.path);
  const bool keyed = by.path != 0 && by.scope == turn.by.scope && by.path == turn.by.path;
  packet(p, keyed ? &turn.keyed : nullptr, by, context);
  conclude(p, context);
}

/** A decoded IP packet of any depth. */
void Pipeline::Impl::packet(Packet& p, const KeyedPacket* keyed, PathNumbers by, Context& context) {
  if (by.path == 0) {
    counters_.tunnels_refused++;
    return;
  }
  if (p.fragment) return fragment(p, by, context);
  const KeyedPacket k = keyed != nullptr ? *keyed : key_of(p, by.scope, hash_);
  const uint32_t number = session_of(p, k, by, context);
  if (number == 0) return;
  session_packet(number, k.sender, p, context);
  tunnel(p, number, context);
}

void Pipeline::Impl::fragment(Packet& p, PathNumbers by, Context& context) {
  Datagram datagram;
  own_meters_.counts[VMOAT_FROM_NIC][VMOAT_METER_FRAGMENT]++;
  const bool counts = !context.kernel_counts || !is_attributed(p, *context.frame->key);
  while (fragments_.is_crowded()) {
    counters_.fragments_refused++;
    fragments_.let_go([&](Datagram& d, uint32_t path) { fragments_gone(d, path); });
  }
  const Fragments::Outcome outcome = fragments_.add(p, by, context.frame->time_ns, counts, datagram);
  if (outcome == Fragments::Outcome::held) return;
  if (outcome == Fragments::Outcome::refused) {
    counters_.fragments_refused++;
    return;
  }
  const uint64_t seen = p.anomalies;
  p = datagram.head;
  p.anomalies |= seen;
  p.body = datagram.body;
  p.body_length = static_cast<uint32_t>(datagram.body.size());
  p.cut = false;
  decode_whole(p);
  context.packets = datagram.packets;
  context.bytes = datagram.bytes;
  context.anomalies = datagram.anomalies;
  context.kernel_counts = false;
  packet(p, nullptr, by, context);
}

/** Its fragments did not all come: they count for the flow of the first, or where that is missing for one
 * without ports. */
void Pipeline::Impl::fragments_gone(Datagram& datagram, uint32_t path) {
  const Frame frame = {.time_ns = now_ns_, .segment = paths_.at(path).segment};
  Packet& p = datagram.head;
  Context context = {.frame = &frame,
                     .path = paths_.at(path),
                     .parent = 0,
                     .depth = tunnel_depth_max,
                     .packets = datagram.packets,
                     .bytes = datagram.bytes,
                     .anomalies = datagram.anomalies};
  const PathNumbers by = paths_.find(context.path);
  count_anomalies(p.anomalies & bit(Anomaly::fragment_incomplete));
  const KeyedPacket k = key_of(p, by.scope, hash_);
  if (const uint32_t number = session_of(p, k, by, context); number != 0)
    session_packet(number, k.sender, p, context);
  judge_anomalies(p, context);
}

/** The packet is done with: its oddities count. */
void Pipeline::Impl::conclude(Packet& p, const Context& context) {
  count_anomalies(p.anomalies);
  judge_anomalies(p, context);
}

void Pipeline::Impl::tunnel(Packet& p, uint32_t number, const Context& context) {
  const Inner inner = inner_of(p, options_.tunnel_ports);
  Session& s = table_[number];
  s.anomalies |= p.anomalies;
  if (inner.kind == TunnelKind::none || inner.ethertype == 0 || inner.bytes.empty()) return;
  if (!s.has(is_tunnel)) {
    s.set(is_tunnel);
    s.set(is_decided);
    if (live()) want(s, VMOAT_WANT_ALL, VMOAT_WANT_ALL);
    if (live()) unrule(number);
  }
  if (context.depth >= tunnel_depth_max) {
    p.odd(Anomaly::tunnel_deep);
    s.anomalies |= bit(Anomaly::tunnel_deep);
    return;
  }
  inside(inner, p.cut, context, number);
}

/** Decodes what a tunnel holds, and says where it stands. `number`: the tunnel's session. */
Pipeline::Impl::Context Pipeline::Impl::enter(const Inner& inner, bool cut, const Context& outer,
                                              uint32_t number, Packet& p) const {
  decode(inner, cut, p);
  Context context = outer;
  context.parent = number;
  context.path.tunnel[context.depth++] = {.id = inner.id, .kind = inner.kind};
  context.packets = 1;
  context.bytes = p.length;
  context.anomalies = 0;
  context.kernel_counts = false;
  if (p.tag_count > 0) std::copy_n(p.tags, 2, context.path.tags);
  if (p.mpls.kind != TunnelKind::none && context.depth < tunnel_depth_max)
    context.path.tunnel[context.depth++] = p.mpls;
  return context;
}

void Pipeline::Impl::inside(const Inner& inner, bool cut, const Context& outer, uint32_t number) {
  Packet p;
  Context context = enter(inner, cut, outer, number, p);
  if (p.layer >= Layer::network) packet(p, nullptr, paths_.find(context.path), context);
  conclude(p, context);
}

void Pipeline::Impl::advance(int64_t now_ns) {
  if (now_ns <= now_ns_) return;
  now_ns_ = now_ns;
  judge_opened(now_ns - unanswered_after_ns);
  if (!live()) judge_second(now_ns);
  fragments_.expire(now_ns, [&](Datagram& d, uint32_t path) { fragments_gone(d, path); });
  ask_policy_again();
  table_.advance(now_ns, [&](uint32_t number) {
    if (live()) control_->worked();
    const FlowEnd end = table_[number].end;
    end_session(number, end == FlowEnd::open ? FlowEnd::timeout : end);
  });
}

void Pipeline::Impl::finish() {
  judge_opened(now_ns_);
  while (fragments_.open() > 0)
    fragments_.let_go([&](Datagram& d, uint32_t path) { fragments_gone(d, path); });
  table_.for_each([&](uint32_t number) {
    const FlowEnd end = table_[number].end;
    emit(number, end == FlowEnd::open ? FlowEnd::eof : end);
  });
  flush();
  watch_.report(sink_);
}

const PipelineCounters& Pipeline::Impl::counters() {
  counters_.openings_refused = recognition_.refusals().openings;
  counters_.fallback_refused = recognition_.refusals().fallback;
  counters_.facts_refused = recognition_.refusals().facts;
  counters_.expectations_displaced = expectations_.displaced();
  counters_.contents_refused = recognition_.contents().refused();
  return counters_;
}

Pipeline::Pipeline(const PipelineOptions& options, RecordSink& sink, FlowControl* control)
    : impl_(std::make_unique<Impl>(options, seeded(options), sink, control)) {}
Pipeline::~Pipeline() = default;

void Pipeline::frames(std::span<const Frame> frames) {
  impl_->frames(frames);
}
void Pipeline::count(const vmoat_flow_key& key, uint32_t segment, const vmoat_flow& flow,
                     int64_t epoch_offset_ns, Counted how) {
  impl_->count(key, segment, flow, epoch_offset_ns, how);
}
void Pipeline::advance(int64_t now_ns) {
  impl_->advance(now_ns);
}
void Pipeline::report(int64_t now_ns) {
  impl_->report(now_ns);
}
void Pipeline::retell() {
  impl_->retell();
}
void Pipeline::recall(const Lesson& lesson, int64_t now_ns) {
  impl_->recall(lesson, now_ns);
}

void Pipeline::policy(std::shared_ptr<const LivePolicy> policy) {
  impl_->policy(std::move(policy));
}
void Pipeline::finish() {
  impl_->finish();
}
void Pipeline::flush() {
  impl_->flush();
}
const PipelineCounters& Pipeline::counters() const {
  return impl_->counters();
}
HeldRuling Pipeline::rule(const Frame& frame, bool waited) {
  return impl_->rule(frame, waited);
}
void Pipeline::caught_up() {
  impl_->caught_up();
}
bool Pipeline::guards(uint16_t slot) const {
  return impl_->guards(slot);
}
Ticket Pipeline::read(const vmoat_flow_key& key, uint32_t segment, const vmoat_heads& told) {
  return impl_->read_told(key, segment, told);
}
void Pipeline::was_reset() {
  impl_->was_reset();
}
void Pipeline::meters(const NicMeters& meters, int64_t now_ns) {
  impl_->meters(meters, now_ns);
}
uint32_t Pipeline::sessions_open() const {
  return impl_->sessions_open();
}

}  // namespace vmoat
