// Watch: which threat is asked about what.
#include "engine/watch.h"

#include <algorithm>

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
  /** Items of different threats are different items. */
  uint32_t rate(uint64_t item) override {
    return watch_.rates_.add(item + threat_ * 0x9e3779b97f4a7c15, now_ns_);
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

namespace {

bool is_told_end_of(const Threat& t, std::string_view application) {
  return t.ends_of.empty() || std::find(t.ends_of.begin(), t.ends_of.end(), application) != t.ends_of.end();
}

}  // namespace

Watch::Watch(std::shared_ptr<ThreatMemory> memory, PipelineCounters& counters, SipHash hash,
             uint64_t first_id, uint64_t id_step)
    : lock_(memory ? std::unique_lock(memory->mutex, std::defer_lock) : std::unique_lock<std::mutex>()),
      memory_(memory ? std::move(memory) : std::make_shared<ThreatMemory>(ThreatSettings(), hash)),
      counters_(counters),
      all_(vmoat::threats()),
      incidents_(hash, first_id, id_step) {
  const auto count = static_cast<uint8_t>(all_.size());
  for (uint8_t n = 0; n < count; n++)
    if ((memory_->settings.enabled >> n & 1) != 0) add(n);
  const std::lock_guard lock(memory_->mutex);
  memory_->crowds.push_back(&crowd_);
}

Watch::~Watch() {
  const std::lock_guard lock(memory_->mutex);
  std::erase(memory_->crowds, &crowd_);
}

/** Among those that its hooks want to be asked. */
void Watch::add(uint8_t n) {
  const Threat& t = all_[n];
  odd_mask_ |= t.anomalies;
  if (t.anomalies != 0) odd_.push_back(n);
  for (size_t kinds = 0; kinds < packet_.size(); kinds++)
    if ((t.packets & kinds) != 0) packet_[kinds].push_back(n);
  for (size_t step = 0; step < flow_.size(); step++)
    if ((t.flows >> step & 1) != 0) flow_[step].push_back(n);
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

bool Watch::wants_end_of(std::string_view application) const {
  const List& told = listeners(flow_ended);
  return std::any_of(told.begin(), told.end(),
                     [&](uint8_t n) { return is_told_end_of(all_[n], application); });
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
  std::unique_lock lock(crowd_.mutex, std::defer_lock);
  if (lock_.mutex() != nullptr) lock.lock();  // else nobody shares it
  crowd_.note(kind, event.subject);
}

/** Whom most of what the NIC's meters count goes to; its family is 0 where that is not known. */
Subject Watch::crowd_of(const Threat& threat, const Subject& nic) {
  Crowd::Candidate most;
  lock();
  for (Crowd* crowd : memory_->crowds) {
    const std::lock_guard turn(crowd->mutex);
    most.merge(crowd->of(threat.crowd, nic.slot));
  }
  Subject subject = most.votes > 0 && most.subject.way == nic.way ? most.subject : Subject{};
  if (subject.family == 0) subject.segment = nic.segment;
  subject.slot = nic.slot;
  subject.way = nic.way;
  subject.flow = 0;
  return subject;
}

void Watch::packet(uint8_t kinds, const PacketEvent& event, Session& session, int64_t now_ns) {
  const Turn turn(*this);
  if ((kinds & (packet_first | packet_icmp)) != 0) note_crowd(event);
  for (uint8_t n : packet_[kinds % packet_.size()]) {
    Call call(*this, n, event.subject, &session, now_ns);
    all_[n].packet(event, call);
  }
}

void Watch::flow(const FlowEvent& event, Session& session, int64_t now_ns) {
  const Turn turn(*this);
  for (uint8_t n : listeners(event.step)) {
    if (event.step == flow_ended && !is_told_end_of(all_[n], event.application)) continue;
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
    const Subject subject = crowd_of(all_[n], event.subject);
    const NicSecond with = {subject, event.seconds, event.counts};
    Call call(*this, n, subject, nullptr, now_ns);
    all_[n].second(with, call);
  }
}

bool Watch::is_host(const Address& address) const {
  const std::lock_guard lock(memory_->mutex);
  return memory_->owners.is_host(address);
}

void Watch::report(RecordSink& sink) {
  counters_.threats_lost = incidents_.lost();
  incidents_.report(sink);
}

}  // namespace vmoat
