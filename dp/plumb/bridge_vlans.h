// VLANs of a bridge's port: as the kernel tells them, and what makes one port's those of another.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "plumb/netlink.h"

namespace vmoat {

/** By tag: BRIDGE_VLAN_INFO_PVID and _UNTAGGED. */
using PortVlans = std::map<uint16_t, uint16_t>;

/** Adds what a BRIDGE_VLANDB_ENTRY says: a VLAN, or a range of them. */
void read_vlans(const nlattr& entry, PortVlans& vlans);
/** In this order; deletions first, for a port must not be in a VLAN too many for a moment. */
std::vector<NetlinkMessage> vlan_changes(uint32_t port, const PortVlans& has, const PortVlans& wanted);

}  // namespace vmoat
