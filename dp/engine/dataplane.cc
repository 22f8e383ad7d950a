// The live data plane: a control thread follows links, a sweep thread reads the kernel's counts, workers
// read events. DESIGN.md "The data path".
#include "engine/dataplane.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <optional>
#include <random>
#include <thread>

#include "apps/application.h"
#include "apps/ndpi.h"
#include "apps/operator_defined.h"
#include "base/clock.h"
#include "engine/address_owners.h"
#include "engine/flow_sweep.h"
#include "engine/guest_nic.h"
#include "engine/live_policies.h"
#include "engine/meter_sweep.h"
#include "engine/protection.h"
#include "engine/serial_sink.h"
#include "engine/tap_set.h"
#include "engine/verdicts.h"
#include "parse/anomaly.h"
#include "session/learned_names.h"
#include "threats/memory.h"

namespace vmoat {
namespace {

constexpr int64_t table_delay_ns = 10'000'000;  // changes come in bursts: one table for many
constexpr const char* host_netns = "host";

unsigned worker_count(const DataplaneConfig& config) {
  const unsigned wanted = config.workers ? config.workers : std::thread::hardware_concurrency() / 2;
  return std::clamp(wanted, 1u, static_cast<unsigned>(VMOAT_WORKERS_MAX));
}

vmoat_settings settings_of(const DataplaneConfig& config, unsigned workers) {
  const uint32_t rate = std::clamp(config.upcalls_per_second, 1u, 1'000'000'000u);
  const auto cost_ns = static_cast<uint32_t>(ns_per_s / rate);
  return {.workers = workers,
          .flows_per_nic = config.flows_per_nic_max,
          .opening_bytes = config.opening_bytes,
          .wake_bytes = config.ring_bytes / 8,
          .upcall_cost_ns = cost_ns,
          .seed = std::random_device{}(),
          .upcall_burst_ns = uint64_t{config.upcalls_burst} * cost_ns};
}

/** By which the tap programs know what was held: nobody is to guess it. Never 0, nor is what it makes of a
 * frame for a guest. */
uint32_t secret_mark() {
  std::random_device random;  // getrandom(2)
  uint32_t mark = 0;
  while (mark == 0 || vmoat_delivered(mark) == 0) mark = random();
  return mark;
}

LinkInfo info_of(const Link& link) {
  return {.ifindex = link.ifindex,
          .name = link.name,
          .netns = host_netns,
          .kind = link.kind,
          .mac = link.mac,
          .mtu = link.mtu,
          .up = link.up,
          .master = link.master,
          .lower = link.lower,
          .id = link.id,
          .addresses = {link.addresses.begin(), link.addresses.end()}};
}

void add(PipelineCounters& sum, const PipelineCounters& one) {
  sum.flow_records += one.flow_records;
  sum.picked_up += one.picked_up;
  sum.sessions_refused += one.sessions_refused;
  sum.fallback_refused += one.fallback_refused;
  sum.threats_lost += one.threats_lost;
  for (size_t i = 0; i < std::size(sum.anomalies); i++) sum.anomalies[i] += one.anomalies[i];
  for (size_t i = 0; i < std::size(sum.threats); i++) sum.threats[i] += one.threats[i];
}

/** "192.168.122.1/24" */
std::optional<Address> address_of(const std::string& cidr) {
  const std::string text = cidr.substr(0, cidr.find('/'));
  std::array<uint8_t, 16> bytes;
  if (inet_pton(AF_INET, text.c_str(), bytes.data()) == 1) return Address::v4(bytes.data());
  if (inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1) return Address::v6(bytes.data());
  return std::nullopt;
}

std::vector<Address> addresses_of(const std::map<uint32_t, Link>& links) {
  std::vector<Address> all;
  for (const auto& [ifindex, link] : links)
    for (const std::string& cidr : link.addresses)
      if (const auto address = address_of(cidr)) all.push_back(*address);
  return all;
}

/** Numbers as records have them: the registry's, then the operator's, then the fallback's. */
ApplicationNumber application_numbers(const DataplaneConfig& config) {
  std::map<std::string, uint16_t, std::less<>> numbers;
  uint16_t next = 0;
  for (const std::string_view name : Dataplane::names(Names::applications)) numbers.emplace(name, next++);
  for (size_t i = 0; config.applications && i < config.applications->size(); i++)
    numbers.emplace(config.applications->name(i), next++);
  if (config.fallback)
    for (const auto& name : config.fallback->names()) numbers.emplace(name, next++);
  return [numbers = std::move(numbers)](std::string_view name) {
    const auto found = numbers.find(name);
    return found == numbers.end() ? uint16_t{0} : found->second;
  };
}

}  // namespace

class Dataplane::Impl {
 public:
  Impl(DataplaneConfig config, DataplaneSink& sink) : config_(std::move(config)), sink_(sink) {}
  ~Impl() { (void)stop(false); }

  Status start();
  Status stop(bool detach);
  void expect(std::vector<ExpectedNic> nics);
  void refresh();
  void policy(PolicyTables tables, bool kept);

 private:
  Status open();
  Status make_workers(const vmoat_settings& settings);
  void take_kept();
  void adopt();
  void control();
  void control_turn(const std::vector<pollfd>& ready);
  void follow(const LinkChanges& changes);
  void take_expected();
  void tell_owners();
  void tell_policy();
  void tell_compiled();
  Status make_protection(uint32_t netns, uint32_t reinjected);
  void protect();
  /** As they would be without us; valid until the next call. */
  [[nodiscard]] const std::map<uint32_t, Link>& links() {
    return protection_ ? protection_->without_us(watch_->links()) : watch_->links();
  }
  void send_tables();
  void send_nics();
  void tell_protection(TappedNic& nic) const;
  void send_status();
  void sweeping();
  void sweep(Counted how);
  void wake_control() const;

  DataplaneConfig config_;
  SerialSink sink_;
  std::unique_ptr<TapKernel> kernel_;
  std::optional<LinkWatch> watch_;
  std::optional<Netlink> netlink_;
  Segments segments_;
  Slots slots_;
  std::optional<TapSet> taps_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::optional<FlowSweep> sweep_;
  std::optional<MeterSweep> meters_;
  std::shared_ptr<ThreatMemory> threats_;
  std::shared_ptr<LearnedNames> names_;  // null without facts
  Fd wake_;
  std::optional<PolicyThread> policies_;
  std::shared_ptr<AddressOwners> own_;  // null: nothing is enforced
  std::optional<LivePolicies> live_;
  PolicyStatus told_status_;
  std::atomic<uint64_t> told_from_ = 0;  // generation; those before were told to an earlier run
  NicPaths paths_;
  HeldDrops held_drops_;
  std::unique_ptr<Protection> protection_;  // null: nothing is enforced, and nothing was
  uint64_t generation_ = 0;
  int64_t tables_due_ns_ = 0;  // 0: nothing to send
  std::atomic<uint64_t> kernel_flows_ = 0;

  std::mutex mutex_;  // of what follows
  std::condition_variable sweep_due_;
  std::optional<std::vector<ExpectedNic>> expected_;
  bool refresh_ = false;
  bool stopping_ = false;
  std::thread control_;
  std::thread sweeper_;
  bool running_ = false;
};

Status Dataplane::Impl::open() {
  auto netns = own_netns();
  if (!netns) return std::move(netns.error());
  if (!choose_hook(config_.hook))
    return Error{"this kernel has no TCX, which the configuration asks for", ENOTSUP};
  const vmoat_settings settings = settings_of(config_, worker_count(config_));
  const uint32_t reinjected = secret_mark();
  auto kernel = TapKernel::open({.pin_root = config_.pin_root,
                                 .netns = *netns,
                                 .flows_max = config_.flows_max,
                                 .ring_bytes = config_.ring_bytes,
                                 .reinjected = reinjected,
                                 .settings = settings});
  if (!kernel) return std::move(kernel.error());
  kernel_ = std::move(*kernel);
  auto watch = LinkWatch::open();
  if (!watch) return std::move(watch.error());
  watch_.emplace(std::move(*watch));
  auto netlink = Netlink::open();
  if (!netlink) return std::move(netlink.error());
  netlink_.emplace(std::move(*netlink));
  taps_.emplace(config_, *netns, *kernel_, *netlink_, segments_, slots_, sink_);
  wake_ = Fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (Status made = make_protection(*netns, reinjected); !made) return made;
  return make_workers(settings);
}

/** Where nothing is enforced, what an earlier run enforced is given up little by little. */
Status Dataplane::Impl::make_protection(uint32_t netns, uint32_t reinjected) {
  if (!config_.enforce && !EnforcerSet::has_left(config_.pin_root)) return success();
  const ProtectionOptions options = {.enforcers = {.pin_root = config_.pin_root,
                                                   .netns = netns,
                                                   .tcx = choose_hook(config_.hook)->number == VMOAT_HOOK_TCX,
                                                   .reinjected = reinjected,
                                                   .hand_on = kernel_->hand_on()},
                                     .only = config_.enforcer,
                                     .enforce = config_.enforce};
  auto opened = Protection::open({*kernel_, *netlink_, paths_, sink_}, options);
  if (!opened) return std::move(opened.error());
  protection_ = std::move(*opened);
  return success();
}

Status Dataplane::Impl::make_workers(const vmoat_settings& settings) {
  std::random_device random;
  threats_ =
      std::make_shared<ThreatMemory>(config_.threats, SipHash(uint64_t{random()} << 32 | random(), random()));
  if (config_.enforce)
    own_ = std::make_shared<AddressOwners>(SipHash(uint64_t{random()} << 32 | random(), random()));
  if (config_.facts)
    names_ = std::make_shared<LearnedNames>(SipHash(uint64_t{random()} << 32 | random(), random()));
  for (uint32_t i = 0; i < settings.workers; i++) {
    auto ring = kernel_->ring(i);
    if (!ring) return std::move(ring.error());
    WorkerOptions options = {.number = i};
    options.pipeline.threats = threats_;
    options.pipeline.names = names_;
    options.pipeline.fallback = config_.fallback;
    options.pipeline.own = own_;
    options.pipeline.sessions_max = std::max(1u, config_.sessions_max / settings.workers);
    options.pipeline.timeouts = config_.timeouts;
    options.pipeline.fragments = config_.fragments;
    options.pipeline.tunnel_ports = config_.tunnel_ports;
    options.pipeline.first_flow_id =
        static_cast<uint64_t>(realtime_ns()) / settings.workers * settings.workers + i;
    options.pipeline.flow_id_step = settings.workers;
    options.pipeline.applications = config_.applications;
    options.pipeline.facts = config_.facts;
    workers_.push_back(
        std::make_unique<Worker>(options, *kernel_, std::move(*ring), segments_, paths_, held_drops_, sink_));
  }
  kernel_->drop_rings(settings.workers);
  sweep_.emplace(*kernel_, slots_, settings.seed, workers_);
  meters_.emplace(*kernel_, slots_, segments_);
  policies_.emplace(application_numbers(config_), [this] { wake_control(); });
  static const std::vector<PolicyNic> nobody;
  live_.emplace(LivePolicyParts{*kernel_, *taps_, segments_, own_.get(),
                                config_.kept ? config_.kept->policy.nics : nobody, sink_});
  return success();
}

/** What becomes of the first frame is said by the policy of the run before, until somebody says another one.
 */
void Dataplane::Impl::take_kept() {
  if (!config_.kept) return;
  told_from_ = UINT64_MAX;
  segments_.remember(config_.kept->segments);
  taps_->expect(config_.kept->nics);
  policies_->begin(config_.kept->policy);
}

void Dataplane::Impl::adopt() {
  if (!kernel_->adopted()) return;
  taps_->adopt(links());
  if (own_)
    for (const auto& [key, end] : kernel_->ends())
      if (end.slot != 0) own_->claim({key.segment, Address::v6(key.address), end.slot}, realtime_ns());
  sweep(Counted::adopted);
}

Status Dataplane::Impl::start() {
  if (Status opened = open(); !opened) return opened;
  take_kept();
  adopt();
  if (const auto kept = policies_->policy(); own_ && kept) taps_->newcomers_wait(kept->protects());
  (void)taps_->follow(links(), {.links = true});
  // before guards hear of our policy, which makes every verdict void: only a live worker gives new ones
  for (auto& worker : workers_) worker->start();
  follow({.links = true});
  running_ = true;
  control_ = std::thread([this] { control(); });
  sweeper_ = std::thread([this] { sweeping(); });
  pthread_setname_np(control_.native_handle(), "vmoat-control");
  pthread_setname_np(sweeper_.native_handle(), "vmoat-sweep");
  return success();
}

Status Dataplane::Impl::stop(bool detach) {
  if (!running_) return success();
  running_ = false;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_control();
  sweep_due_.notify_all();
  control_.join();
  sweeper_.join();
  policies_.reset();
  if (detach && protection_) protection_->stop();
  Status result = detach ? taps_->detach_all() : success();
  sweep(Counted::running);
  for (auto& worker : workers_) worker->stop();
  if (!detach) return result;
  return result ? restore(config_.pin_root) : std::move(result);
}

void Dataplane::Impl::expect(std::vector<ExpectedNic> nics) {
  const std::lock_guard lock(mutex_);
  expected_ = std::move(nics);
  wake_control();
}

void Dataplane::Impl::policy(PolicyTables tables, bool kept) {
  if (!kept && told_from_ == UINT64_MAX) told_from_ = tables.generation;
  policies_->compile(std::move(tables));
}

void Dataplane::Impl::refresh() {
  const std::lock_guard lock(mutex_);
  refresh_ = true;
  wake_control();
}

void Dataplane::Impl::wake_control() const {
  const uint64_t one = 1;
  (void)!::write(wake_.get(), &one, sizeof(one));
}

void Dataplane::Impl::control() {
  const int64_t interval_ns = int64_t{config_.report_interval_ms} * 1'000'000;
  int64_t report_due_ns = monotonic_ns();
  std::vector<pollfd> fds = {{watch_->fd(), POLLIN, 0}, {wake_.get(), POLLIN, 0}};
  for (;;) {
    const bool goes_on = protection_ && protection_->goes_on();
    const int64_t drained_ns = protection_ ? protection_->drained_ns() : 0;
    int64_t due_ns = report_due_ns;
    for (const int64_t other_ns : {tables_due_ns_, drained_ns})
      if (other_ns) due_ns = std::min(due_ns, other_ns);
    const int64_t wait_ms = std::max<int64_t>(0, (due_ns - monotonic_ns() + 999'999) / 1'000'000);
    ::poll(fds.data(), fds.size(), goes_on ? 0 : static_cast<int>(wait_ms));
    control_turn(fds);
    if (goes_on || (drained_ns && monotonic_ns() >= drained_ns)) protect();
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) return;
    }
    const int64_t now = monotonic_ns();
    if (tables_due_ns_ && now >= tables_due_ns_) send_tables();
    if (now < report_due_ns) continue;
    report_due_ns = now + interval_ns;
    if (taps_->holds()) follow({});
    if (live_->panic_has_changed()) tell_policy();
    if (protection_ && protection_->waits()) protect();
    send_nics();
    send_status();
  }
}

void Dataplane::Impl::control_turn(const std::vector<pollfd>& ready) {
  if (ready[0].revents) {
    auto changes = watch_->turn();
    if (changes)
      follow(*changes);
    else
      sink_.log("error", changes.error().what);
  }
  if (ready[1].revents) take_expected();
}

void Dataplane::Impl::follow(const LinkChanges& changes) {
  const bool changed = taps_->follow(links(), changes);
  tell_owners();
  tell_policy();
  if (changed && !tables_due_ns_) tables_due_ns_ = monotonic_ns() + table_delay_ns;
}

/** The threats know the host's addresses and the guests' MACs. */
void Dataplane::Impl::tell_owners() {
  std::vector<Address> addresses = addresses_of(watch_->links());
  const auto guests = taps_->guest_macs(watch_->links());
  const std::lock_guard lock(threats_->mutex);
  threats_->owners.set_host(std::move(addresses));
  threats_->owners.forget_nics();
  for (const auto& [slot, mac] : guests) threats_->owners.set_nic(slot, {mac});
}

/** Workers hear of a policy before guards do: what is held is ruled by it. */
void Dataplane::Impl::tell_policy() {
  const std::shared_ptr<const Policy> policy = policies_->policy();
  if (policy && live_->follow(policy, policy->generation() < told_from_, links())) {
    for (auto& worker : workers_) worker->policy(live_->told());
    live_->tell_guards(links());
  }
  protect();
}

void Dataplane::Impl::protect() {
  if (!protection_) return;
  protection_->follow(live_->told().get(), taps_->enforceable(links()), watch_->links(), workers_);
  live_->note_in_force(links());
  if (protection_->has_changed() && !tables_due_ns_) tables_due_ns_ = monotonic_ns() + table_delay_ns;
}

/** Whoever sent tables waits to hear what became of them. */
void Dataplane::Impl::tell_compiled() {
  const PolicyStatus status = policies_->status();
  if (status == std::exchange(told_status_, status)) return;
  send_status();
}

void Dataplane::Impl::take_expected() {
  uint64_t count;
  (void)!::read(wake_.get(), &count, sizeof(count));
  std::optional<std::vector<ExpectedNic>> nics;
  bool again;
  {
    const std::lock_guard lock(mutex_);
    nics = std::exchange(expected_, std::nullopt);
    again = std::exchange(refresh_, false);
  }
  if (nics) taps_->expect(std::move(*nics));
  if (nics) follow({});
  tell_policy();
  tell_compiled();
  if (!again) return;
  tables_due_ns_ = 1;
  for (auto& worker : workers_) worker->retell();
}

void Dataplane::Impl::send_tables() {
  tables_due_ns_ = 0;
  std::vector<LinkInfo> links;
  for (const auto& [ifindex, link] : this->links()) links.push_back(info_of(link));
  sink_.links(++generation_, links);
  send_nics();
  bool changed;
  std::vector<SegmentInfo> segments = segments_.all(changed);
  for (SegmentInfo& s : segments) s.netns = host_netns;
  sink_.segments(++generation_, segments);
}

void Dataplane::Impl::tell_protection(TappedNic& nic) const {
  if (!protection_) return;
  NicProtection protection = protection_->of(nic.ifindex);
  if (live_->told() && nic.slot != no_slot && live_->told()->facts[nic.slot].waits) {
    protection.state = NicProtection::State::waiting;
    protection.reason = "no policy speaks of it yet: only what teaches addresses passes";
  }
  std::copy_n(&nic.protection.frames[0][0], 2 * VMOAT_GUARDED, &protection.frames[0][0]);
  nic.protection = std::move(protection);
}

void Dataplane::Impl::send_nics() {
  std::vector<TappedNic> nics = taps_->table(links());
  for (TappedNic& nic : nics) {
    nic.netns = host_netns;
    tell_protection(nic);
    held_drops_[nic.slot].write(nic.protection);
  }
  bool changed;
  std::vector<SegmentInfo> segments = segments_.all(changed);
  for (SegmentInfo& s : segments) s.netns = host_netns;
  if (changed) sink_.segments(++generation_, segments);
  sink_.nics(++generation_, nics);
}

void Dataplane::Impl::send_status() {
  DataplaneStatus status;
  PipelineCounters sum;
  const auto now = static_cast<uint64_t>(monotonic_ns());
  for (auto& worker : workers_) {
    const uint64_t beat = __atomic_load_n(kernel_->heartbeat(worker->number()), __ATOMIC_RELAXED);
    status.workers.push_back(
        {worker->number(), worker->events(), static_cast<int64_t>(now - std::min(now, beat)) / 1'000'000});
    const WorkerView view = worker->view();
    status.sessions += view.sessions_open;
    add(sum, view.counters);
    status.lost_held += view.held_lost;
  }
  status.kernel_flows = kernel_flows_;
  status.kernel_flows_max = kernel_->flows_max();
  status.sessions_max = config_.sessions_max;
  status.picked_up = sum.picked_up;
  status.enforces = config_.enforce;
  status.policy = policies_->status();
  status.panic_until_ns = live_->panic_until_ns();
  const TapToPolicy& waited = live_->tap_to_policy();
  status.adopted_nics = waited.nics;
  status.tap_to_policy_sum_ms = waited.sum_ms;
  status.tap_to_policy_max_ms = waited.max_ms;
  status.records = sum.flow_records;
  status.lost_sessions = sum.sessions_refused;
  status.lost_fallback = sum.fallback_refused;
  status.lost_names = names_ != nullptr ? names_->displaced() : 0;
  status.lost_threats = sum.threats_lost;
  std::tie(status.frames, status.lost) = taps_->totals();
  for (size_t i = 0; i < anomalies().size(); i++)
    if (sum.anomalies[i]) status.anomalies.emplace_back(anomalies()[i].name, sum.anomalies[i]);
  for (size_t i = 0; i < threats().size(); i++)
    if (sum.threats[i]) status.threats.emplace_back(threats()[i].name, sum.threats[i]);
  sink_.status(status);
}

void Dataplane::Impl::sweeping() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    sweep_due_.wait_for(lock, std::chrono::milliseconds(config_.report_interval_ms));
    if (stopping_) return;
    lock.unlock();
    sweep(Counted::running);
    lock.lock();
  }
}

void Dataplane::Impl::sweep(Counted how) {
  if (auto meters = meters_->run(monotonic_ns()); !meters.empty()) workers_[0]->hand_over(std::move(meters));
  auto result = sweep_->run(how);
  if (!result) return sink_.log("error", result.error().what);
  kernel_flows_ = result->entries;
  for (uint16_t slot : result->empty_slots) {
    kernel_->clear_slot(slot);
    held_drops_[slot].clear();
    if (names_ != nullptr) names_->forget_nic(slot);
    slots_.free(slot);
  }
}

Dataplane::Dataplane(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Dataplane::~Dataplane() = default;

Result<std::unique_ptr<Dataplane>> Dataplane::start(DataplaneConfig config, DataplaneSink& sink) {
  auto impl = std::make_unique<Impl>(std::move(config), sink);
  if (Status started = impl->start(); !started) return std::move(started.error());
  return std::unique_ptr<Dataplane>(new Dataplane(std::move(impl)));
}

void Dataplane::expect(std::vector<ExpectedNic> nics) {
  impl_->expect(std::move(nics));
}
void Dataplane::policy(PolicyTables tables, bool kept) {
  impl_->policy(std::move(tables), kept);
}
void Dataplane::refresh() {
  impl_->refresh();
}
Status Dataplane::stop(bool detach) {
  return impl_->stop(detach);
}

std::vector<std::string_view> Dataplane::names(Names which) {
  std::vector<std::string_view> names;
  if (which == Names::applications) {
    names.emplace_back();
    for (const Application& a : applications()) names.push_back(a.name);
  }
  if (which == Names::facts)
    for (int i = 0; i < static_cast<int>(Fact::count); i++) names.push_back(fact_name(static_cast<Fact>(i)));
  if (which == Names::anomalies)
    for (const AnomalyName& a : anomalies()) names.push_back(a.name);
  if (which == Names::threats)
    for (const Threat& t : threats()) names.push_back(t.name);
  return names;
}

}  // namespace vmoat
