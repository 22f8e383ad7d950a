// TCX: links pinned per interface and side. It needs no qdisc, so it is in nobody's way.
#include "capture/tap_hook.h"
#include "plumb/tcx.h"

namespace vmoat {
namespace {

std::string link_pin(const std::string& links, uint32_t ifindex, TrafficSide side) {
  return links + "/" + std::to_string(ifindex) + (side == TrafficSide::ingress ? "-ingress" : "-egress");
}

Result<TapAttached> attach(Netlink&, const TapTarget& target, const TapPrograms& programs,
                           const std::string& links) {
  const uint32_t ifindex = target.ifindex;
  const int at_ingress = target.macvtap ? programs.to_nic_at_ingress : programs.from_nic;
  const int at_egress = target.macvtap ? programs.from_nic : programs.to_nic;
  for (const auto [side, program] :
       {std::pair{TrafficSide::ingress, at_ingress}, std::pair{TrafficSide::egress, at_egress}})
    if (Status done = attach_tcx(ifindex, side, program, link_pin(links, ifindex, side)); !done)
      return std::move(done.error());
  return TapAttached{.sent = true, .received = true};
}

Status detach(Netlink&, uint32_t ifindex, const std::string& links, bool) {
  for (const TrafficSide side : {TrafficSide::ingress, TrafficSide::egress})
    detach_tcx(link_pin(links, ifindex, side));
  return success();
}

}  // namespace

const TapHook tcx_hook = {"tcx", VMOAT_HOOK_TCX, has_tcx, attach, detach};

}  // namespace vmoat
