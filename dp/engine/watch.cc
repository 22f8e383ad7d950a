// Watch: which threat is asked about what.
#include "engine/watch.h"

namespace vmoat {

/** One threat's view of one event. */
class Watch::Call final : public Alarm {
 public:
  Call(Watch& watch, uint8_t threat, const Subject& subject, Session* session, int64_t now_ns)
      : watch_(watch), threat_(threat), subject_(subject), session_(session), now_ns_(now_ns) {}

  void raise(std::string_view evidence) override {
    watch_.raised(threat_, subject_, session_, evidence, now_ns_);
  }
  void raise_for(const Subject& subject, std::string_view evidence) override {
    watch_.raised(threat_, subject, session_, evidence, now_ns_);
  }
  [[nodiscard]] uint64_t threshold(size_t index) const override {
    return watch_.memory_->settings.values[threat_][index];
  }
  Tally& tally(const TallyKey& key, uint32_t window_s) override {
    watch_.lock();
    return watch_.memory_->tallies.at(threat_, key, window_s, now_ns_);
  }
  Owners& owners() override {
    watch_.lock();
    return watch_.memory_->owners;
  }
  [[nodiscard]] const Subject& subject() const override { return subject_; }
  [[nodiscard]] int64_t now_ns() const override { return now_ns_; }

 private:
  Watch& watch_;
  const uint8_t threat_;
  const Subject& subject_;
  Session* session_;
  const int64_t now_ns_;
};

/** Lets go of the lock that a hook may have taken. */
class Watch::Turn {
 public:
  explicit Turn(Watch& watch) : watch_(watch) {}
  ~Turn() {
    if (watch_.lock_.owns_lock()) watch_.lock_.unlock();
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  Watch& watch_;
};

namespace {

/** The place of a message's type among the lists of listeners. */
template <class Message>
constexpr size_t place = 0;
template <>
constexpr size_t place<HttpSlowHead> = 1;
template <>
constexpr size_t place<HttpInput> = 2;
template <>
constexpr size_t place<DnsMessage> = 3;
template <>
constexpr size_t place<TlsRecord> = 4;
template <>
constexpr size_t place<Banner> = 5;
template <>
constexpr size_t place<Login> = 6;

}  // namespace

template <class Message>
Watch::List& Watch::listeners() {
  return listening_[place<Message>];
}

template <class Message>
void Watch::listen(uint8_t threat, void (*Threat::*hook)(const Message&, Alarm&)) {
  if (all_[threat].*hook != nullptr) listeners<Message>().push_back(threat);
}

template <class Message>
void Watch::heard(void (*Threat::*hook)(const Message&, Alarm&), const Message& message,
                  const Subject& subject, Session& session, int64_t now_ns) {
  const Turn turn(*this);
  for (uint8_t n : listeners<Message>()) {
    Call call(*this, n, subject, &session, now_ns);
    (all_[n].*hook)(message, call);
  }
}

template void Watch::heard(void (*Threat::*)(const HttpHead&, Alarm&), const HttpHead&, const Subject&,
                           Session&, int64_t);
template void Watch::heard(void (*Threat::*)(const HttpSlowHead&, Alarm&), const HttpSlowHead&,
                           const Subject&, Session&, int64_t);
template void Watch::heard(void (*Threat::*)(const HttpInput&, Alarm&), const HttpInput&, const Subject&,
                           Session&, int64_t);
template void Watch::heard(void (*Threat::*)(const DnsMessage&, Alarm&), const DnsMessage&, const Subject&,
                           Session&, int64_t);
template void Watch::heard(void (*Threat::*)(const TlsRecord&, Alarm&), const TlsRecord&, const Subject&,
                           Session&, int64_t);
template void Watch::heard(void (*Threat::*)(const Banner&, Alarm&), const Banner&, const Subject&, Session&,
                           int64_t);
template void Watch::heard(void (*Threat::*)(const Login&, Alarm&), const Login&, const Subject&, Session&,
                           int64_t);

Watch::Watch(std::shared_ptr<ThreatMemory> memory, PipelineCounters& counters, SipHash hash,
             uint64_t first_id, uint64_t id_step)
    : memory_(std::move(memory)),
      lock_(memory_->mutex, std::defer_lock),
      counters_(counters),
      all_(vmoat::threats()),
      incidents_(hash, first_id, id_step) {
  const auto count = static_cast<uint8_t>(all_.size());
  for (uint8_t n = 0; n < count; n++) {
    if ((memory_->settings.enabled >> n & 1) == 0) continue;
    const Threat& t = all_[n];
    odd_mask_ |= t.anomalies;
    packet_mask_ |= t.packets;
    flow_mask_ |= t.flows;
    if (t.anomalies != 0) odd_.push_back(n);
    if (t.packet != nullptr) packet_.push_back(n);
    if (t.flow != nullptr) flow_.push_back(n);
    if (t.neighbour != nullptr) neighbour_.push_back(n);
    if (t.second != nullptr) second_.push_back(n);
    listen(n, &Threat::http);
    listen(n, &Threat::http_slow);
    listen(n, &Threat::input);
    listen(n, &Threat::dns);
    listen(n, &Threat::tls);
    listen(n, &Threat::banner);
    listen(n, &Threat::login);
  }
}

void Watch::raised(uint8_t threat, const Subject& subject, Session* session, std::string_view evidence,
                   int64_t now_ns) {
  const uint64_t bit = uint64_t{1} << threat;
  const bool fresh = incidents_.add(threat, subject, evidence, now_ns);
  if (session != nullptr ? (session->threats & bit) == 0 : fresh) counters_.threats[threat]++;
  if (session != nullptr) session->threats |= bit;
}

void Watch::odd(const Packet& packet, const Subject& subject, Session* session, int64_t now_ns) {
  const Turn turn(*this);
  for (uint8_t n : odd_) {
    const uint64_t anomalies = packet.anomalies & all_[n].anomalies;
    if (anomalies == 0) continue;
    Call call(*this, n, subject, session, now_ns);
    if (all_[n].odd != nullptr) {
      all_[n].odd(packet, call);
    } else {
      call.raise(Evidence().anomalies(anomalies));
    }
  }
}

void Watch::note_crowd(const PacketEvent& event) {
  const uint8_t proto = event.packet.proto;
  const CrowdKind kind = proto == IPPROTO_TCP   ? CrowdKind::tcp
                         : proto == IPPROTO_UDP ? CrowdKind::udp
                                                : CrowdKind::icmp;
  lock();
  memory_->crowd.note(kind, event.subject);
}

void Watch::packet(uint8_t kinds, const PacketEvent& event, Session& session, int64_t now_ns) {
  const Turn turn(*this);
  if ((kinds & (packet_first | packet_icmp)) != 0) note_crowd(event);
  if ((kinds & packet_mask_) == 0) return;
  for (uint8_t n : packet_) {
    if ((all_[n].packets & kinds) == 0) continue;
    Call call(*this, n, event.subject, &session, now_ns);
    all_[n].packet(event, call);
  }
}

void Watch::flow(const FlowEvent& event, Session& session, int64_t now_ns) {
  const Turn turn(*this);
  for (uint8_t n : flow_) {
    if ((all_[n].flows & event.step) == 0) continue;
    Call call(*this, n, event.subject, &session, now_ns);
    all_[n].flow(event, call);
  }
}

/** The claim is believed after everybody has looked at it. */
void Watch::neighbour(const NeighbourEvent& event, int64_t now_ns) {
  const Turn turn(*this);
  for (uint8_t n : neighbour_) {
    Call call(*this, n, event.subject, nullptr, now_ns);
    all_[n].neighbour(event, call);
  }
  const bool claims = event.kind == NeighbourEvent::Kind::arp || event.kind == NeighbourEvent::Kind::ndp;
  if (!claims) return;
  lock();
  const Subject& s = event.subject;
  const uint16_t slot = s.way == VMOAT_FROM_NIC ? s.slot : no_slot;
  memory_->owners.claim(s.segment, event.address, event.mac, slot, now_ns);
}

void Watch::second(const NicSecond& event, int64_t now_ns) {
  const Turn turn(*this);
  for (uint8_t n : second_) {
    lock();
    Subject subject = memory_->crowd.of(all_[n].crowd, event.subject.slot, event.subject.way);
    subject.slot = event.subject.slot;
    subject.way = event.subject.way;
    subject.flow = 0;
    if (subject.family == 0) subject.segment = event.subject.segment;
    const NicSecond with = {subject, event.seconds, event.counts};
    Call call(*this, n, subject, nullptr, now_ns);
    all_[n].second(with, call);
  }
}

void Watch::report(RecordSink& sink) {
  counters_.threats_lost = incidents_.lost();
  incidents_.report(sink);
}

}  // namespace vmoat
