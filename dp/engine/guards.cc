#include "engine/guards.h"

#include <algorithm>

namespace vmoat {

vmoat_guard no_guard_of(const LivePolicy& live, uint16_t slot) {
  vmoat_guard guard = {.generation = live.generation, .identity = live.nics[slot]};
  if (slot < live.facts.size()) guard.segment = live.facts[slot].segment;
  return guard;
}

vmoat_guard guard_of(const LivePolicy& live, uint16_t slot) {
  vmoat_guard guard = no_guard_of(live, slot);
  const EndProtection& said = live.policy->groups_of(live.nics[slot])->protection;
  const auto flag = [&](bool on, vmoat_guard_flag bit) { guard.flags |= on ? bit : 0; };
  flag(true, VMOAT_GUARD_ON);
  flag(!said.fails_closed, VMOAT_FAIL_OPEN);
  flag(said.whose_addresses() != OwnAddresses::any, VMOAT_OWN_ADDRESSES);
  flag(said.may_serve_dhcp, VMOAT_MAY_SERVE_DHCP);
  flag(said.may_route, VMOAT_MAY_ROUTE);
  flag(said.passes_other_frames(), VMOAT_PASS_UNKEYED);
  if (slot < live.facts.size()) std::ranges::copy(live.facts[slot].mac, guard.mac);
  return guard;
}

std::vector<vmoat_fail_safe> fail_safe_of(const LivePolicy& live, uint16_t slot) {
  std::vector<vmoat_fail_safe> ports;
  if (!is_in_protect(live, slot)) return ports;
  for (const auto& [proto, port] : live.policy->groups_of(live.nics[slot])->protection.fail_safe_ports)
    ports.push_back({.slot = slot, .port = port, .proto = proto});
  return ports;
}

/** Of no generation: no verdict can hold for it. */
vmoat_guard waiting_guard() {
  return {.flags = VMOAT_GUARD_ON | VMOAT_WAITING | VMOAT_OWN_ADDRESSES};
}

bool is_in_protect(const LivePolicy& live, uint16_t slot) {
  const IdentityGroups* groups = live.policy->groups_of(live.nics[slot]);
  return groups != nullptr && groups->mode == Mode::protect;
}

}  // namespace vmoat
