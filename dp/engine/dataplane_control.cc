// The control thread: what links, policies and expectations change is followed here, and nowhere else.
#include <arpa/inet.h>
#include <unistd.h>

#include <algorithm>

#include "base/clock.h"
#include "engine/dataplane_impl.h"

namespace vmoat {
namespace {

constexpr int64_t table_delay_ns = 10'000'000;        // changes come in bursts: one table for many
constexpr int64_t retelling_ns = 2 * table_delay_ns;  // two turns of a worker

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

}  // namespace

void Dataplane::Impl::control() {
  const int64_t interval_ns = int64_t{config_.report_interval_ms} * 1'000'000;
  report_due_ns_ = monotonic_ns();
  std::vector<pollfd> fds = {{watch_->fd(), POLLIN, 0}, {wake_.get(), POLLIN, 0}};
  for (;;) {
    const bool goes_on = protection_ && protection_->goes_on();
    const int64_t drained_ns = protection_ ? protection_->drained_ns() : 0;
    int64_t due_ns = report_due_ns_;
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
    if (now < report_due_ns_) continue;
    report_due_ns_ = now + interval_ns;
    if (taps_->holds()) follow({});
    if (live_->panic_has_changed()) tell_policy();
    if (protection_ && protection_->waits()) protect();
    send_nics();
    if (send_status() < retellings_) report_due_ns_ = now + std::min(retelling_ns, interval_ns);
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
  // before the policy: one that comes in between counts as kept until the next turn
  const bool is_kept = policies_->status().generation < told_from_;
  const std::shared_ptr<const Policy> policy = policies_->policy();
  if (policy && live_->follow(policy, is_kept, links())) {
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

/** Whoever asked waits to hear that it has heard all. */
void Dataplane::Impl::retell() {
  tables_due_ns_ = 1;
  for (auto& worker : workers_) worker->retell(retellings_);
  report_due_ns_ = monotonic_ns() + retelling_ns;
}

void Dataplane::Impl::take_expected() {
  uint64_t count;
  (void)!::read(wake_.get(), &count, sizeof(count));
  std::optional<std::vector<ExpectedNic>> nics;
  uint64_t refreshes;
  {
    const std::lock_guard lock(mutex_);
    nics = std::exchange(expected_, std::nullopt);
    refreshes = refreshes_;
  }
  if (nics) taps_->expect(std::move(*nics));
  if (nics) follow({});
  tell_policy();
  tell_compiled();
  if (refreshes != std::exchange(retellings_, refreshes)) retell();
}

}  // namespace vmoat
