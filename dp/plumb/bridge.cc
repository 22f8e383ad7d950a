// Bridges by rtnetlink (linux/if_bridge.h, bridge(8)).
#include "plumb/bridge.h"

#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>

#include "base/fd.h"

namespace vmoat {
namespace {

/** What of a port is set and not found out. Its state is the bridge's own affair. */
constexpr uint16_t settable[] = {
    IFLA_BRPORT_PRIORITY,       IFLA_BRPORT_COST,
    IFLA_BRPORT_MODE,           IFLA_BRPORT_GUARD,
    IFLA_BRPORT_PROTECT,        IFLA_BRPORT_FAST_LEAVE,
    IFLA_BRPORT_LEARNING,       IFLA_BRPORT_UNICAST_FLOOD,
    IFLA_BRPORT_PROXYARP,       IFLA_BRPORT_PROXYARP_WIFI,
    IFLA_BRPORT_MCAST_FLOOD,    IFLA_BRPORT_MCAST_TO_UCAST,
    IFLA_BRPORT_BCAST_FLOOD,    IFLA_BRPORT_VLAN_TUNNEL,
    IFLA_BRPORT_GROUP_FWD_MASK, IFLA_BRPORT_MULTICAST_ROUTER,
    IFLA_BRPORT_NEIGH_SUPPRESS, IFLA_BRPORT_ISOLATED,
    IFLA_BRPORT_LOCKED,         brport_mab,
};
constexpr const char* bridge_kind = "bridge";

std::vector<uint8_t> bytes_of(const nlattr& a) {
  const auto* from = static_cast<const uint8_t*>(mnl_attr_get_payload(&a));
  return {from, from + mnl_attr_get_payload_len(&a)};
}

void read_port_data(const nlattr& data, BridgePort& port) {
  each_nested(data, [&](const nlattr& a) {
    const uint16_t type = mnl_attr_get_type(&a);
    if (type == IFLA_BRPORT_STATE) port.state = static_cast<PortState>(as_u32(a));
    if (std::ranges::find(settable, type) != std::end(settable)) port.attributes[type] = bytes_of(a);
  });
}

void read_link_info(const nlattr& info, BridgePort& port, bool& is_port) {
  each_nested(info, [&](const nlattr& a) {
    if (mnl_attr_get_type(&a) == IFLA_INFO_SLAVE_KIND) is_port = as_string(a) == bridge_kind;
  });
  each_nested(info, [&](const nlattr& a) {
    if (is_port && mnl_attr_get_type(&a) == IFLA_INFO_SLAVE_DATA) read_port_data(a, port);
  });
}

ifinfomsg& address(NetlinkMessage& message, uint8_t family, uint32_t ifindex) {
  ifinfomsg& head = message.body<ifinfomsg>();
  head.ifi_family = family;
  head.ifi_index = static_cast<int>(ifindex);
  return head;
}

Status set_vlans(Netlink& netlink, uint32_t port, const PortVlans& wanted) {
  auto has = vlans_of(netlink, port);
  if (!has) return std::move(has.error());
  for (NetlinkMessage& change : vlan_changes(port, *has, wanted))
    if (Status s = netlink.request(change); !s) return std::move(s.error()).in("set a port's VLANs");
  return success();
}

}  // namespace

std::optional<BridgePort> read_port(const nlmsghdr& message) {
  const auto& head = *static_cast<const ifinfomsg*>(mnl_nlmsg_get_payload(&message));
  BridgePort port = {.ifindex = static_cast<uint32_t>(head.ifi_index)};
  bool is_port = false;
  each_attribute(message, sizeof(head), [&](const nlattr& a) {
    if (mnl_attr_get_type(&a) == IFLA_MASTER) port.bridge = as_u32(a);
    if (mnl_attr_get_type(&a) == IFLA_LINKINFO) read_link_info(a, port, is_port);
  });
  return is_port ? std::optional(port) : std::nullopt;
}

PortVlans read_port_vlans(const nlmsghdr& message) {
  PortVlans vlans;
  each_attribute(message, sizeof(br_vlan_msg), [&](const nlattr& a) {
    if (mnl_attr_get_type(&a) == BRIDGE_VLANDB_ENTRY) read_vlans(a, vlans);
  });
  return vlans;
}

Result<std::optional<BridgePort>> bridge_port(Netlink& netlink, uint32_t ifindex) {
  std::optional<BridgePort> port;
  NetlinkMessage message(RTM_GETLINK, 0);
  address(message, AF_UNSPEC, ifindex);
  Status done = netlink.get(message, [&](const nlmsghdr& part) { port = read_port(part); });
  if (!done && done.error().code != ENODEV) return std::move(done.error()).in("look at a port");
  return port;
}

/** By what the kernel tells of VLANs alone (Linux 5.6): else it tells of all ports, whoever is asked for. */
Result<PortVlans> vlans_of(Netlink& netlink, uint32_t port) {
  PortVlans vlans;
  NetlinkMessage message(RTM_GETVLAN, 0);
  br_vlan_msg& head = message.body<br_vlan_msg>();
  head.family = AF_BRIDGE;
  head.ifindex = port;
  Status done = netlink.dump(message, [&](const nlmsghdr& part) {
    if (part.nlmsg_type == RTM_NEWVLAN) vlans.merge(read_port_vlans(part));
  });
  constexpr int none[] = {EOPNOTSUPP, EINVAL, ENODEV};  // the kernel knows no VLANs; no port; no link
  if (!done && std::ranges::find(none, done.error().code) == std::end(none))
    return std::move(done.error()).in("list the VLANs of a port");
  return vlans;
}

Status set_port(Netlink& netlink, const BridgePort& from, const PortVlans& vlans, uint32_t to,
                const std::map<uint16_t, std::vector<uint8_t>>& but) {
  auto attributes = but;
  attributes.insert(from.attributes.begin(), from.attributes.end());
  NetlinkMessage message(RTM_SETLINK, 0);
  address(message, AF_BRIDGE, to);
  nlattr* data = mnl_attr_nest_start(message.header(), IFLA_PROTINFO);
  for (const auto& [type, value] : attributes)
    mnl_attr_put(message.header(), type, value.size(), value.data());
  mnl_attr_nest_end(message.header(), data);
  if (Status set = netlink.request(message); !set)
    return std::move(set.error()).in("set a port's attributes");
  return set_vlans(netlink, to, vlans);
}

Status copy_port(Netlink& netlink, const BridgePort& from, uint32_t to,
                 const std::map<uint16_t, std::vector<uint8_t>>& but) {
  auto vlans = vlans_of(netlink, from.ifindex);
  if (!vlans) return std::move(vlans.error());
  return set_port(netlink, from, *vlans, to, but);
}

Status set_master(Netlink& netlink, uint32_t ifindex, uint32_t bridge) {
  NetlinkMessage message(RTM_SETLINK, 0);
  address(message, AF_UNSPEC, ifindex);
  mnl_attr_put_u32(message.header(), IFLA_MASTER, bridge);
  Status set = netlink.request(message);
  if (!set) return std::move(set.error()).in(bridge ? "join a bridge" : "leave a bridge");
  return set;
}

namespace {

/** rtnetlink cannot say "if it is still there", these calls do: br_add_if() and br_del_if() of the kernel. */
Result<bool> move_if(unsigned long request, uint32_t bridge, uint32_t ifindex, int not_there) {
  ifreq change = {};
  if (::if_indextoname(bridge, change.ifr_name) == nullptr) return system_error("find a bridge");
  change.ifr_ifindex = static_cast<int>(ifindex);
  const Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket) return system_error("open a socket");
  if (::ioctl(socket.get(), request, &change) == 0) return true;
  if (errno == not_there) return false;
  return system_error(request == SIOCBRADDIF ? "join a bridge" : "leave a bridge");
}

}  // namespace

Result<bool> enter_bridge(uint32_t bridge, uint32_t ifindex) {
  return move_if(SIOCBRADDIF, bridge, ifindex, EBUSY);
}

Result<bool> leave_bridge(uint32_t bridge, uint32_t ifindex) {
  return move_if(SIOCBRDELIF, bridge, ifindex, EINVAL);
}

Result<std::vector<FdbEntry>> fdb_of(Netlink& netlink, uint32_t port) {
  std::vector<FdbEntry> entries;
  NetlinkMessage message(RTM_GETNEIGH, 0);
  address(message, AF_BRIDGE, port);  // an ndmsg here would have all ports told (valid_fdb_dump_legacy)
  Status done = netlink.dump(message, [&](const nlmsghdr& part) {
    const auto& head = *static_cast<const ndmsg*>(mnl_nlmsg_get_payload(&part));
    const bool is_own = (head.ndm_state & NUD_PERMANENT) != 0;  // of the port itself
    if (part.nlmsg_type != RTM_NEWNEIGH || static_cast<uint32_t>(head.ndm_ifindex) != port || is_own) return;
    FdbEntry entry = {.state = head.ndm_state, .flags = static_cast<uint8_t>(head.ndm_flags & ~NTF_SELF)};
    bool of_bridge = false;
    each_attribute(part, sizeof(head), [&](const nlattr& a) {
      if (mnl_attr_get_type(&a) == NDA_LLADDR && mnl_attr_get_payload_len(&a) == entry.mac.size())
        std::memcpy(entry.mac.data(), mnl_attr_get_payload(&a), entry.mac.size());
      if (mnl_attr_get_type(&a) == NDA_VLAN) entry.vlan = static_cast<uint16_t>(as_u32(a));
      if (mnl_attr_get_type(&a) == NDA_MASTER) of_bridge = true;
    });
    if (of_bridge) entries.push_back(entry);
  });
  if (!done) return std::move(done.error()).in("list a bridge's addresses");
  return entries;
}

namespace {

ndmsg& about(NetlinkMessage& message, uint32_t port, const FdbEntry& entry) {
  ndmsg& head = message.body<ndmsg>();
  head.ndm_family = AF_BRIDGE;
  head.ndm_ifindex = static_cast<int>(port);
  head.ndm_flags = static_cast<uint8_t>(NTF_MASTER | entry.flags);
  mnl_attr_put(message.header(), NDA_LLADDR, entry.mac.size(), entry.mac.data());
  if (entry.vlan) mnl_attr_put_u16(message.header(), NDA_VLAN, entry.vlan);
  return head;
}

Status set_fdb(Netlink& netlink, uint32_t port, const FdbEntry& entry) {
  NetlinkMessage message(RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE);
  about(message, port, entry).ndm_state = entry.state & NUD_NOARP ? NUD_NOARP : NUD_REACHABLE;
  if (Status set = netlink.request(message); !set) return std::move(set.error()).in("move an address");
  return success();
}

/** One that has gone by itself is success. */
Status remove_fdb(Netlink& netlink, uint32_t port, const FdbEntry& entry) {
  NetlinkMessage message(RTM_DELNEIGH, 0);
  about(message, port, entry);
  Status gone = netlink.request(message);
  if (!gone && gone.error().code != ENOENT) return std::move(gone.error()).in("forget an address");
  return success();
}

bool has_address(const std::vector<FdbEntry>& entries, const FdbEntry& entry, uint16_t vlan) {
  return std::ranges::any_of(entries,
                             [&](const FdbEntry& one) { return one.mac == entry.mac && one.vlan == vlan; });
}

}  // namespace

/** Whoever sets an address in no VLAN sets it in each VLAN of the port, also where the bridge filters none:
 * what was not there before goes again. */
Status move_fdb(Netlink& netlink, uint32_t from, uint32_t to) {
  auto moved = fdb_of(netlink, from), had = fdb_of(netlink, to);
  if (!moved) return std::move(moved.error());
  if (!had) return std::move(had.error());
  if (moved->empty()) return success();
  for (const FdbEntry& entry : *moved)
    if (Status set = set_fdb(netlink, to, entry); !set) return set;
  auto has = fdb_of(netlink, to);
  if (!has) return std::move(has.error());
  for (const FdbEntry& entry : *has) {
    const bool is_meant = has_address(*moved, entry, entry.vlan) || has_address(*had, entry, entry.vlan);
    if (is_meant || !has_address(*moved, entry, 0)) continue;
    if (Status gone = remove_fdb(netlink, to, entry); !gone) return gone;
  }
  return success();
}

Result<std::vector<br_mdb_entry>> mdb_of(Netlink& netlink, uint32_t bridge, uint32_t port) {
  std::vector<br_mdb_entry> entries;
  NetlinkMessage message(RTM_GETMDB, 0);
  message.body<br_port_msg>().family = AF_BRIDGE;
  const auto read_entry = [&](const nlattr& a) {
    if (mnl_attr_get_type(&a) != MDBA_MDB_ENTRY_INFO || mnl_attr_get_payload_len(&a) < sizeof(br_mdb_entry))
      return;
    const auto& entry = *static_cast<const br_mdb_entry*>(mnl_attr_get_payload(&a));
    if (entry.ifindex == port) entries.push_back(entry);
  };
  Status done = netlink.dump(message, [&](const nlmsghdr& part) {
    const auto& head = *static_cast<const br_port_msg*>(mnl_nlmsg_get_payload(&part));
    if (part.nlmsg_type != RTM_NEWMDB && part.nlmsg_type != RTM_GETMDB) return;
    if (head.ifindex != bridge) return;
    each_attribute(part, sizeof(head), [&](const nlattr& table) {
      if (mnl_attr_get_type(&table) != MDBA_MDB) return;
      each_nested(table, [&](const nlattr& group) { each_nested(group, read_entry); });
    });
  });
  if (!done) return std::move(done.error()).in("list multicast groups");
  return entries;
}

Status add_mdb(Netlink& netlink, uint32_t bridge, uint32_t port, br_mdb_entry entry) {
  entry.ifindex = port;
  entry.flags = 0;
  NetlinkMessage message(RTM_NEWMDB, NLM_F_CREATE);
  br_port_msg& head = message.body<br_port_msg>();
  head.family = AF_BRIDGE;
  head.ifindex = bridge;
  mnl_attr_put(message.header(), MDBA_SET_ENTRY, sizeof(entry), &entry);
  Status set = netlink.request(message);
  if (!set && set.error().code != EEXIST) return std::move(set.error()).in("hand a multicast group over");
  return success();
}

}  // namespace vmoat
