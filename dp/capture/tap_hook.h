// TapHook: one way of attaching the tap programs to an interface. One file per kind, one line in tap_hook.cc.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "capture/tap_kernel.h"
#include "plumb/netlink.h"

namespace vmoat {

struct TapTarget {
  uint32_t ifindex = 0;
  bool macvtap = false;    // the guest sends on the device's egress hook
  bool bandwidth = false;  // libvirt's XML has <bandwidth>: its qdiscs must find their place free
};

/** What was achieved. `reason` says what is less than usual; empty when all is well. */
struct TapAttached {
  bool sent = false;      // frames from the guest are seen
  bool received = false;  // frames to the guest are seen
  bool made_qdisc = false;
  std::string reason;
};

struct TapHook {
  std::string_view name;
  vmoat_hook number;
  bool (*available)();
  /** Attaches, or replaces the programs of an earlier run without a gap. `links`: directory for pins. */
  Result<TapAttached> (*attach)(Netlink&, const TapTarget&, const TapPrograms&, const std::string& links);
  /** Takes off what attach() put there; a qdisc only where it was made by us and nobody else uses it. */
  Status (*detach)(Netlink&, uint32_t ifindex, const std::string& links, bool made_qdisc);
};

/** In order of preference. */
std::span<const TapHook> tap_hooks();

extern const TapHook tcx_hook;
extern const TapHook clsact_hook;

}  // namespace vmoat
