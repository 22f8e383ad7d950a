// Protection: which NICs the policy guards, and getting them there and back. The control thread's; workers
// only read where frames of a NIC go.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "capture/tap_kernel.h"
#include "enforce/splice.h"
#include "engine/dataplane.h"
#include "plumb/links.h"

namespace vmoat {

/** By slot: the interfaces behind which its guest and its bridge are. 0: the NIC is not spliced. */
struct NicPath {
  std::atomic<uint32_t> guest = 0, bridge = 0;
};
using NicPaths = std::array<NicPath, VMOAT_SLOTS>;

/** A tap that the policy wants guarded. */
struct WantedGuard {
  uint16_t slot = 0;
  uint32_t ifindex = 0;
  std::string name;
  bool fail_open = true;
};

/** Where splices keep their maps and links; of no layout, for they outlive every version of the tap programs.
 */
std::string splice_pins(const std::string& pin_root);

class Protection {
 public:
  /** Everything given must outlive it. */
  Protection(TapKernel& kernel, Splices& splices, uint32_t netns, NicPaths& paths, DataplaneSink& log);

  /**
   * Splices and guards what is wanted and nothing else, under this generation. True where something has still
   * to wait (a port that does not forward yet): call again.
   */
  bool follow(const std::vector<WantedGuard>& wanted, uint32_t generation);
  /** Takes every guard and splice away. */
  void stop();
  /** The links as they would be without us: spliced taps in their bridges, our own interfaces not there. */
  [[nodiscard]] std::map<uint32_t, Link> without_us(std::map<uint32_t, Link> links) const;

 private:
  bool guard(const WantedGuard& nic, uint32_t generation);
  bool release(uint16_t slot);
  void report(const Status& status);

  TapKernel& kernel_;
  Splices& splices_;
  const uint32_t netns_;
  NicPaths& paths_;
  DataplaneSink& log_;
  std::map<uint16_t, WantedGuard> guarded_;  // or on their way
};

}  // namespace vmoat
