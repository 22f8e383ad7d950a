// The live data plane: how its parts are made, begin and end.
#include "engine/dataplane.h"

#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <random>

#include "apps/application.h"
#include "apps/ndpi.h"
#include "base/clock.h"
#include "engine/dataplane_impl.h"
#include "parse/anomaly.h"

namespace vmoat {
namespace {

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
          .upcall_burst_ns = uint64_t{config.upcalls_burst} * cost_ns,
          .held_bytes_per_nic = config.held_bytes_per_nic_max};
}

/** By which the tap programs know what was held: nobody is to guess it. Never 0, nor is what it makes of a
 * frame for a guest. */
uint32_t secret_mark() {
  std::random_device random;  // getrandom(2)
  uint32_t mark = 0;
  while (mark == 0 || vmoat_delivered(mark) == 0) mark = random();
  return mark;
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

/** Whose address is whose, by flows that go on: guests whose flows are decided may not say so for long. */
void Dataplane::Impl::recall_addresses() {
  std::map<uint16_t, Mac> macs;
  for (const auto& [slot, mac] : taps_->guest_macs(links())) macs[slot] = mac;
  (void)kernel_->each_flow([&](std::span<const CountedFlow> counted) {
    for (const auto& [key, flow] : counted) {
      const auto mac = macs.find(key.slot);
      if (mac == macs.end() || flow.packets[VMOAT_FROM_NIC] == 0 || key.proto == IPPROTO_ICMPV6) continue;
      workers_.front()->recall({.address = Address::v6(key.near),
                                .mac = mac->second,
                                .segment = segments_.of(key.slot, key.tags[0]),
                                .slot = key.slot});
    }
  });
}

Status Dataplane::Impl::start() {
  if (Status opened = open(); !opened) return opened;
  take_kept();
  adopt();
  if (const auto kept = policies_->policy(); own_ && kept) taps_->newcomers_wait(kept->protects());
  (void)taps_->follow(links(), {.links = true});
  if (kernel_->adopted()) recall_addresses();
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
  if (detach && protection_) protection_->stop(workers_);
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
  refreshes_++;
  wake_control();
}

void Dataplane::Impl::wake_control() const {
  const uint64_t one = 1;
  (void)!::write(wake_.get(), &one, sizeof(one));
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
