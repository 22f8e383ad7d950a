// Protection: which NICs the policy guards, and getting them there and back. The control thread's; workers
// only read where frames of a NIC go.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "capture/tap_kernel.h"
#include "engine/dataplane.h"
#include "engine/enforcer_set.h"
#include "engine/nic_paths.h"
#include "engine/tap_set.h"
#include "engine/verdicts.h"
#include "plumb/links.h"

namespace vmoat {

class Worker;

/** What protection stands on; all of it must outlive it. */
struct ProtectionParts {
  TapKernel& kernel;
  Netlink& netlink;
  NicPaths& paths;
  DataplaneSink& log;
};

struct ProtectionOptions {
  EnforcerSetOptions enforcers;
  std::string only{any_enforcer};  // see choose_enforcer()
  bool enforce = true;             // else what an earlier run enforced is given up
};

class Protection {
 public:
  using Workers = std::span<const std::unique_ptr<Worker>>;

  /** Takes up what an earlier run has left. */
  static Result<std::unique_ptr<Protection>> open(const ProtectionParts& parts,
                                                  const ProtectionOptions& options);
  /** Puts whatever an earlier run enforced back as it was, and takes the ways of held frames away. */
  static Status put_back(Netlink& netlink, const EnforcerSetOptions& options);

  /**
   * Enforces and guards the NICs whose mode is protect, and no others; without a policy, those that are. Some
   * of them, in a bounded time: see goes_on(). One that cannot be enforced yet is not guarded when this
   * returns: see waits(). `links` as they are.
   */
  void follow(const LivePolicy* policy, std::span<const EnforceableNic> nics,
              const std::map<uint32_t, Link>& links, Workers workers);
  /** follow() has to come again at once. */
  [[nodiscard]] bool goes_on() const { return goes_on_; }
  /** It has to come again a little later. */
  [[nodiscard]] bool waits() const { return waits_; }
  /** CLOCK_MONOTONIC ns, when what is held at NICs that left protect may have gone on, and follow() has to
   * come again; 0: there are none. */
  [[nodiscard]] int64_t drained_ns() const;
  /** Whether of() says something else of a NIC than before the last call; not while follow() goes on. */
  [[nodiscard]] bool has_changed();
  /** Takes every guard and enforcer away, whether taps forward already or not. */
  void stop(Workers workers);
  /** The links as they would be without us: spliced taps in their bridges, our own interfaces not there.
   * Valid until the next call. */
  const std::map<uint32_t, Link>& without_us(const std::map<uint32_t, Link>& links);
  /** How the NIC behind a tap is protected, but for what was counted. */
  [[nodiscard]] NicProtection of(uint32_t tap) const;

 private:
  /** A NIC in protect, or one that was and is on its way out. */
  struct Guarded {
    uint16_t slot = no_slot;
    bool in_protect = false;
    std::string reason;  // of the choice
    bool fails_closed = false;
    int64_t drained_ns = 0;  // CLOCK_MONOTONIC, when all of it is held that will be; 0: it has gone on, or
                             // the NIC is on guard
    uint32_t stand_in = 0;   // that is known as the NIC's
    std::string logged;
    bool was_in_protect = false, was_there = false;  // when it was noted last
  };
  using Wanted = std::map<uint32_t, WantedEnforcer>;

  Protection(const ProtectionParts& parts, ProtectionOptions options, EnforcerSet enforcers);
  Status divert(Workers workers);
  Wanted wanted(const LivePolicy* policy, std::span<const EnforceableNic> nics);
  void want(Wanted& wanted, const LivePolicy& policy, const EnforceableNic& nic);
  void keep(Wanted& wanted, const EnforceableNic& nic);
  void release(Guarded& guarded, const vmoat_guard& then);
  bool let_go(const Guarded& guarded);
  [[nodiscard]] bool has_drained(int64_t held_ns, int64_t now_ns, Workers workers) const;
  void note_drained(Workers workers);
  void know_stand_in(uint32_t tap, Guarded& guarded);
  bool step(const Wanted& wanted, const std::map<uint32_t, Link>& links);
  void guard(const LivePolicy& policy);
  void forget_gone(const Wanted& wanted);
  void log_problems();
  void note_changes();
  void report(Status status);

  const ProtectionParts parts_;
  const ProtectionOptions options_;
  EnforcerSet enforcers_;
  std::map<uint32_t, Guarded> guarded_;       // by tap
  std::map<uint32_t, std::string> unserved_;  // by tap: in protect, and why nothing enforces that
  bool diverts_ = false;
  bool goes_on_ = false, waits_ = false, has_changed_ = false;
  std::map<uint32_t, Link> links_;
};

}  // namespace vmoat
