// clsact: cls_bpf filters, for kernels without TCX. It shares its place with libvirt's `ingress` qdisc
// (<bandwidth>): where that stands or is to come, only the guest's sending side can be tapped, in it.
#include <algorithm>

#include "capture/tap_hook.h"
#include "plumb/qdisc.h"

namespace vmoat {
namespace {

const std::string filter_prefix = "vmoat:";
const std::string filter_ingress = filter_prefix + "ingress";
const std::string filter_egress = filter_prefix + "egress";

bool available() {
  return true;
}

Status attach_ingress(Netlink& netlink, const TapTarget& target, const TapPrograms& programs) {
  const int program = target.macvtap ? programs.to_nic_at_ingress : programs.from_nic;
  return set_filter(netlink, target.ifindex, TrafficSide::ingress, program, filter_ingress);
}

Status attach_egress(Netlink& netlink, const TapTarget& target, const TapPrograms& programs) {
  const int program = target.macvtap ? programs.from_nic : programs.to_nic;
  return set_filter(netlink, target.ifindex, TrafficSide::egress, program, filter_egress);
}

TapAttached one_way(const TapTarget& target) {
  return {.sent = !target.macvtap,
          .received = target.macvtap,
          .reason = std::string("an ingress qdisc (libvirt's <bandwidth>) excludes clsact: only frames ") +
                    (target.macvtap ? "to" : "from") + " the guest are seen"};
}

Result<TapAttached> attach(Netlink& netlink, const TapTarget& target, const TapPrograms& programs,
                           const std::string&) {
  auto present = ingress_qdisc(netlink, target.ifindex);
  if (!present) return std::move(present.error());
  if (*present == IngressQdisc::none && target.bandwidth)
    return TapAttached{
        .reason = "<bandwidth> is set and this kernel has no TCX: clsact would make libvirt's qdisc fail"};
  bool made = false;
  if (*present == IngressQdisc::none) {
    if (Status added = add_clsact(netlink, target.ifindex); !added)
      return std::move(added.error()).in("add clsact");
    made = true;
  }
  if (Status done = attach_ingress(netlink, target, programs); !done)
    return std::move(done.error()).in("attach at ingress");
  if (*present == IngressQdisc::ingress) return one_way(target);
  if (Status done = attach_egress(netlink, target, programs); !done)
    return std::move(done.error()).in("attach at egress");
  return TapAttached{.sent = true, .received = true, .made_qdisc = made};
}

Result<bool> remove_ours(Netlink& netlink, uint32_t ifindex, TrafficSide side) {
  auto present = filters(netlink, ifindex, side);
  if (!present) return std::move(present.error());
  size_t ours = 0;
  for (const Filter& f : *present) {
    if (!f.name.starts_with(filter_prefix)) continue;
    ours++;
    if (Status gone = remove_filter(netlink, ifindex, side, f); !gone) return std::move(gone.error());
  }
  return ours < present->size();
}

Status detach(Netlink& netlink, uint32_t ifindex, const std::string&, bool made_qdisc) {
  auto qdisc = ingress_qdisc(netlink, ifindex);
  if (!qdisc || *qdisc == IngressQdisc::none) return success();
  auto others_in = remove_ours(netlink, ifindex, TrafficSide::ingress);
  if (!others_in) return std::move(others_in.error());
  if (*qdisc == IngressQdisc::ingress) return success();
  auto others_out = remove_ours(netlink, ifindex, TrafficSide::egress);
  if (!others_out) return std::move(others_out.error());
  if (made_qdisc && !*others_in && !*others_out) return remove_clsact(netlink, ifindex);
  return success();
}

}  // namespace

const TapHook clsact_hook = {"clsact", VMOAT_HOOK_CLSACT, available, attach, detach};

}  // namespace vmoat
