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
#include "enforce/splice.h"
#include "engine/dataplane.h"
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

class Protection {
 public:
  /** Takes up what an earlier run has left. */
  static Result<std::unique_ptr<Protection>> open(const ProtectionParts& parts, const std::string& pin_root,
                                                  uint32_t netns, bool tcx);
  /** Puts whatever an earlier run spliced back into its bridge, and takes the ways of held frames away. */
  static Status put_back(Netlink& netlink, const std::string& pin_root, uint32_t netns);

  /**
   * Splices and guards the NICs whose mode is protect, and no others. One whose port does not forward yet is
   * not there when this returns: see waits().
   */
  void follow(const LivePolicy& policy, std::span<const TappedLink> nics,
              std::span<const std::unique_ptr<Worker>> workers);
  /** follow() has to come again. */
  [[nodiscard]] bool waits() const { return waits_; }
  /** Takes every guard and splice away, whether their taps forward already or not. */
  void stop();
  /** The links as they would be without us: spliced taps in their bridges, our own interfaces not there.
   * Valid until the next call. */
  const std::map<uint32_t, Link>& without_us(const std::map<uint32_t, Link>& links);

 private:
  Protection(const ProtectionParts& parts, std::unique_ptr<Splices> splices, uint32_t netns);
  Status divert(std::span<const std::unique_ptr<Worker>> workers);
  bool guard(const TappedLink& nic, vmoat_guard as);
  bool release(uint16_t slot);
  void report(Status status);

  const ProtectionParts parts_;
  const std::unique_ptr<Splices> splices_;
  const uint32_t netns_;
  std::map<uint16_t, uint32_t> guarded_;  // slot, ifindex; or on their way
  bool diverts_ = false;
  bool waits_ = false;
  std::map<uint32_t, Link> links_;
};

}  // namespace vmoat
