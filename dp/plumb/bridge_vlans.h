// VLANs of a bridge's port: as the kernel tells them, and what makes one port's those of another.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "plumb/netlink.h"

namespace vmoat {

/** By tag: BRIDGE_VLAN_INFO_PVID and _UNTAGGED. */
using PortVlans = std::map<uint16_t, uint16_t>;

/** Adds what the IFLA_AF_SPEC of a port says, ranges included. */
void read_vlans(const nlattr& spec, PortVlans& vlans);
/** The VLAN of frames that come without a tag, 0: they are in none. */
uint16_t pvid_of(const PortVlans& vlans);
/** In this order; deletions first, for a port must not be in a VLAN too many for a moment. */
std::vector<NetlinkMessage> vlan_changes(uint32_t port, const PortVlans& has, const PortVlans& wanted);

}  // namespace vmoat
