// What the data plane tells of itself: tables of links, NICs and segments, and its counters.
#include <algorithm>

#include "base/clock.h"
#include "engine/dataplane_impl.h"
#include "parse/anomaly.h"

namespace vmoat {
namespace {

constexpr const char* host_netns = "host";

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

}  // namespace

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

uint64_t Dataplane::Impl::send_status() {
  DataplaneStatus status;
  PipelineCounters sum;
  const auto now = static_cast<uint64_t>(monotonic_ns());
  status.retold = retellings_;
  for (auto& worker : workers_) {
    const uint64_t beat = __atomic_load_n(kernel_->heartbeat(worker->number()), __ATOMIC_RELAXED);
    status.workers.push_back(
        {worker->number(), worker->events(), static_cast<int64_t>(now - std::min(now, beat)) / 1'000'000});
    const WorkerView view = worker->view();
    status.sessions += view.sessions_open;
    add(sum, view.counters);
    status.lost_held += view.held_lost;
    status.retold = std::min(status.retold, view.retold);
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
  return status.retold;
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

}  // namespace vmoat
