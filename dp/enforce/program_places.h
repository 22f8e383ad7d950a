// ProgramPlaces: puts an enforcer's programs on interfaces, by TCX or clsact, and takes them off.
#pragma once

#include <string>

#include "plumb/netlink.h"
#include "plumb/tcx.h"

namespace vmoat {

struct ProgramPlace {
  uint32_t ifindex = 0;
  TrafficSide side = TrafficSide::ingress;
  const char* name = "";  // of the program's job, for its pin or filter
  /** On an interface that nobody else uses, and that goes with its programs: by clsact, for TCX keeps the
   * whole host's rtnetlink waiting for two grace periods. */
  bool is_ours = false;
};

class ProgramPlaces {
 public:
  /** `links`: directory for pins. */
  ProgramPlaces(Netlink& netlink, std::string links, bool tcx)
      : netlink_(netlink), links_(std::move(links)), tcx_(tcx) {}

  /** Or puts it in the place of an earlier run's, without a gap. Makes the clsact qdisc that it may need. */
  Status put(const ProgramPlace& place, int program, TcxPlace order);
  /** Whether others' programs than vmoat's are where this one would be. */
  Result<bool> has_others(const ProgramPlace& place, uint32_t ours_by_tcx);
  /** Whichever hook it was put on. Nothing there, and no such interface, is success. */
  void take_off(const ProgramPlace& place);

 private:
  Status put_on_ours(const ProgramPlace& place, int program);
  [[nodiscard]] std::string pin_of(const ProgramPlace& place) const;

  Netlink& netlink_;
  const std::string links_;
  const bool tcx_;
};

}  // namespace vmoat
