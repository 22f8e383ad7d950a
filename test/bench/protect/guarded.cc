// The policy is as an operator would write it: a group for each guest, a handful of rules, one of which the
// load is about.
#include "guarded.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>

#include "base/clock.h"
#include "guests/scene.h"

namespace vmoat::bench {
namespace {

constexpr uint32_t client_group = 3, server_group = 4, quiet_group = 5;
constexpr auto patience = std::chrono::seconds(120);

/** Rules that other connections of a guest like this one would need. */
void add_other_rules(PolicyTables& tables) {
  for (const char* port : {"tcp/22", "tcp/53", "udp/53", "tcp/3306", "tcp/5432", "tcp/6379", "udp/123"})
    tables.rules.push_back({.number = static_cast<uint32_t>(tables.rules.size() + 1),
                            .id = port,
                            .from = client_group,
                            .to = server_group,
                            .ports = {port},
                            .action = Verdict::allow});
}

PolicyRule load_rule(const PolicyTables& tables, Rules rules) {
  PolicyRule rule = {.number = static_cast<uint32_t>(tables.rules.size() + 1),
                     .id = "load",
                     .from = client_group,
                     .to = server_group,
                     .ports = {"tcp/5001", "udp/5001"},
                     .action = Verdict::allow};
  if (rules == Rules::application) rule.applications = {"http", "postgresql"};
  if (rules == Rules::continuous) rule.applications = {"http"}, rule.continuous = true;
  return rule;
}

/** As libvirt or DHCP would know them; see Scene. */
std::vector<std::string> addresses_of(uint32_t nic) {
  std::vector<std::string> all;
  if (nic < 2) all.push_back("10.99.0.1" + std::to_string(nic));
  for (int i = 1; nic == 1 && i <= server_addresses; i++) all.push_back("10.99.1." + std::to_string(i));
  return all;
}

PolicyTables tables(uint64_t generation, Mode mode, uint32_t segment, const GuardOptions& options) {
  PolicyTables t;
  t.generation = generation;
  t.groups = {{.name = "any"},
              {.name = "host"},
              {.name = "external"},
              {.name = "client", .mode = mode},
              {.name = "server", .mode = mode},
              {.name = "quiet", .mode = mode}};
  add_other_rules(t);
  t.rules.push_back(load_rule(t, options.rules));
  for (uint32_t i = 0; i < options.nics; i++)
    t.nics.push_back({.tap = "vmt-nic" + std::to_string(i),
                      .groups = {0, std::min(client_group + i, quiet_group)},
                      .configured = addresses_of(i)});
  for (uint32_t i : {0, 1})
    for (const std::string& address : addresses_of(i))
      t.ends.push_back({.segment = segment, .address = address, .groups = {0, client_group + i}});
  t.unknown = {0};
  return t;
}

}  // namespace

void NicWatch::nics(uint64_t, std::span<const TappedNic> table) {
  const std::lock_guard lock(mutex_);
  states_.clear();
  for (const TappedNic& nic : table) {
    const bool leaves = nic.protection.state == NicProtection::State::off && !nic.protection.enforcer.empty();
    if (!leaves) states_[nic.protection.state]++;
    segment_ = nic.segment;
    if (!nic.protection.reason.empty()) reason_ = nic.protection.reason;
    if (nic.slot == no_slot) reason_ = nic.reason;
  }
  changed_.notify_all();
}

void NicWatch::status(const DataplaneStatus& status) {
  const std::lock_guard lock(mutex_);
  generation_ = status.policy.generation;
  changed_.notify_all();
}

size_t NicWatch::in(NicProtection::State state) const {
  const auto found = states_.find(state);
  return found == states_.end() ? 0 : found->second;
}

void NicWatch::await(NicProtection::State state, size_t count, uint64_t generation) {
  std::unique_lock lock(mutex_);
  const auto met = [&] { return in(state) == count && generation_ == generation; };
  if (changed_.wait_for(lock, patience, met)) return;
  std::fprintf(stderr, "%zu of %zu NICs are as the policy wants them: %s\n", in(state), count,
               reason_.c_str());
  std::exit(1);
}

uint32_t NicWatch::segment() {
  const std::lock_guard lock(mutex_);
  return segment_;
}

Guarded::Guarded(const GuardOptions& options) : options_(options) {
  DataplaneConfig config;
  config.names = {Scene::host_ends};
  config.hook = options.hook;
  config.pin_root = options.pin_root;
  config.enforce = true;
  config.enforcer = options.enforcer;
  auto started = Dataplane::start(config, watch_);
  if (!started) {
    std::fprintf(stderr, "%s\n", started.error().what.c_str());
    std::exit(1);
  }
  dataplane_ = std::move(*started);
  switch_to(Mode::monitor);
}

Guarded::~Guarded() {
  if (Status stopped = dataplane_->stop(true); !stopped)
    std::fprintf(stderr, "%s\n", stopped.error().what.c_str());
}

double Guarded::switch_to(Mode mode) {
  const int64_t begun_ns = monotonic_ns();
  dataplane_->policy(tables(++generation_, mode, watch_.segment(), options_));
  const bool guarded = mode == Mode::protect;
  watch_.await(guarded ? NicProtection::State::guarded : NicProtection::State::off, options_.nics,
               generation_);
  return static_cast<double>(monotonic_ns() - begun_ns) / 1e6;
}

}  // namespace vmoat::bench
