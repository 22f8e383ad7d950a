// Bridges: their ports with what an operator set on them, and their tables of MAC addresses.
#pragma once

#include <linux/if_bridge.h>
#include <linux/if_link.h>

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "plumb/bridge_vlans.h"
#include "plumb/netlink.h"

namespace vmoat {

/** State of a port, linux/if_bridge.h. */
enum class PortState : uint8_t { disabled, listening, learning, forwarding, blocking };

/** IFLA_BRPORT_MAB, which older headers do not have. Only for a port that learns. */
constexpr uint16_t brport_mab = IFLA_BRPORT_LOCKED + 1;

struct BridgePort {
  uint32_t ifindex = 0;
  uint32_t bridge = 0;
  PortState state = PortState::disabled;
  /** IFLA_BRPORT_ attributes that can be set, as the kernel told them: flags, path cost, priority, … */
  std::map<uint16_t, std::vector<uint8_t>> attributes;

  bool operator==(const BridgePort&) const = default;
};

/** The port that an RTM_NEWLINK of AF_UNSPEC tells of; nothing where it is none of a bridge. */
std::optional<BridgePort> read_port(const nlmsghdr& message);
/** The VLANs that an RTM_NEWVLAN tells of. */
PortVlans read_port_vlans(const nlmsghdr& message);

/** Nothing where the link is no port of a bridge. */
Result<std::optional<BridgePort>> bridge_port(Netlink& netlink, uint32_t ifindex);
/** None where the link is no port of a bridge, or the kernel knows no VLANs. */
Result<PortVlans> vlans_of(Netlink& netlink, uint32_t port);
/** Gives a port another one's attributes and exactly these VLANs, the attributes named in `but` excepted. */
Status set_port(Netlink& netlink, const BridgePort& from, const PortVlans& vlans, uint32_t to,
                const std::map<uint16_t, std::vector<uint8_t>>& but = {});
/** The same with the VLANs that the other one has. */
Status copy_port(Netlink& netlink, const BridgePort& from, uint32_t to,
                 const std::map<uint16_t, std::vector<uint8_t>>& but = {});
/** `bridge` 0: takes the link out of the one it is in. For links of our own: whoever else moves a link
 * meanwhile is overruled. */
Status set_master(Netlink& netlink, uint32_t ifindex, uint32_t bridge);
/** Puts a link into a bridge; false where it is in one by now. */
Result<bool> enter_bridge(uint32_t bridge, uint32_t ifindex);
/** Takes a link out of this bridge; false where it is not in it any more. */
Result<bool> leave_bridge(uint32_t bridge, uint32_t ifindex);

/** An entry of a bridge's table that points to one port. */
struct FdbEntry {
  std::array<uint8_t, 6> mac = {};
  uint16_t vlan = 0;   // 0: none
  uint16_t state = 0;  // NUD_REACHABLE: learned; NUD_NOARP: static
  uint8_t flags = 0;   // NTF_STICKY, NTF_EXT_LEARNED

  bool operator==(const FdbEntry&) const = default;
};

/** What the bridge knows behind a port; the port's own addresses are not among it. */
Result<std::vector<FdbEntry>> fdb_of(Netlink& netlink, uint32_t port);
/** Moves what the bridge knows behind a port to another one of its ports. */
Status move_fdb(Netlink& netlink, uint32_t from, uint32_t to);

/** Who listens to which multicast group behind a port. */
Result<std::vector<br_mdb_entry>> mdb_of(Netlink& netlink, uint32_t bridge, uint32_t port);
/** One that is there already is success. */
Status add_mdb(Netlink& netlink, uint32_t bridge, uint32_t port, br_mdb_entry entry);

}  // namespace vmoat
