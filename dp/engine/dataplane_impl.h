// The live data plane's parts and threads: one follows links, one sweeps the kernel's counts, workers read
// events.
#pragma once

#include <poll.h>

#include <atomic>
#include <condition_variable>
#include <optional>
#include <thread>

#include "apps/operator_defined.h"
#include "engine/address_owners.h"
#include "engine/dataplane.h"
#include "engine/flow_sweep.h"
#include "engine/guest_nic.h"
#include "engine/live_policies.h"
#include "engine/meter_sweep.h"
#include "engine/protection.h"
#include "engine/serial_sink.h"
#include "engine/tap_set.h"
#include "engine/verdicts.h"
#include "session/learned_names.h"
#include "threats/memory.h"

namespace vmoat {

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
  void recall_addresses();
  void control();
  void control_turn(const std::vector<pollfd>& ready);
  void follow(const LinkChanges& changes);
  void retell();
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
  /** Returns DataplaneStatus::retold. */
  uint64_t send_status();
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
  int64_t report_due_ns_ = 0;
  uint64_t retellings_ = 0;  // that the workers were asked for
  std::atomic<uint64_t> kernel_flows_ = 0;

  std::mutex mutex_;  // of what follows
  std::condition_variable sweep_due_;
  std::optional<std::vector<ExpectedNic>> expected_;
  uint64_t refreshes_ = 0;
  bool stopping_ = false;
  std::thread control_;
  std::thread sweeper_;
  bool running_ = false;
};

}  // namespace vmoat
