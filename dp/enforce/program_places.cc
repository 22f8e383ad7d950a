// Where an enforcer's programs are put.
#include "enforce/program_places.h"

#include <algorithm>
#include <cerrno>
#include <string_view>

namespace vmoat {
namespace {

constexpr std::string_view filter_prefix = "vmoat:";

std::string filter_of(const ProgramPlace& place) {
  return std::string(filter_prefix) + place.name;
}

}  // namespace

std::string ProgramPlaces::pin_of(const ProgramPlace& place) const {
  return links_ + "/" + std::to_string(place.ifindex) + "-" + place.name;
}

Status ProgramPlaces::put(const ProgramPlace& place, int program, TcxPlace order) {
  if (tcx_ && !place.is_ours) return attach_tcx(place.ifindex, place.side, program, pin_of(place), order);
  if (place.is_ours) return put_on_ours(place, program);
  auto present = ingress_qdisc(netlink_, place.ifindex);
  if (!present) return std::move(present.error());
  if (*present == IngressQdisc::none)
    if (Status added = add_clsact(netlink_, place.ifindex); !added) return added;
  return set_filter(netlink_, place.ifindex, place.side, program, filter_of(place));
}

/** Whatever hangs there is ours: nobody has to be asked, and all qdiscs of the host not to be listed. */
Status ProgramPlaces::put_on_ours(const ProgramPlace& place, int program) {
  Status added = add_clsact(netlink_, place.ifindex);
  if (!added && added.error().code != EEXIST) return added;
  return set_filter(netlink_, place.ifindex, place.side, program, filter_of(place));
}

Result<bool> ProgramPlaces::has_others(const ProgramPlace& place, uint32_t ours_by_tcx) {
  if (tcx_) {
    auto all = tcx_programs(place.ifindex, place.side);
    if (!all) return std::move(all.error());
    return *all > ours_by_tcx;
  }
  auto all = filters(netlink_, place.ifindex, place.side);
  if (!all) return std::move(all.error());
  return std::ranges::any_of(*all,
                             [](const Filter& filter) { return !filter.name.starts_with(filter_prefix); });
}

void ProgramPlaces::take_off(const ProgramPlace& place) {
  detach_tcx(pin_of(place));
  if (place.is_ours) return;  // goes with its interface
  auto present = filters(netlink_, place.ifindex, place.side);
  if (!present) return;
  for (const Filter& filter : *present)
    if (filter.name == filter_of(place)) (void)remove_filter(netlink_, place.ifindex, place.side, filter);
}

}  // namespace vmoat
