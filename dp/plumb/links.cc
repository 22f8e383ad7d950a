// Links by rtnetlink (rtnetlink(7)).
#include "plumb/links.h"

#include <arpa/inet.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include <cstdio>
#include <cstring>
#include <utility>

namespace vmoat {
namespace {

constexpr int dump_tries_max = 8;

std::string mac_text(const nlattr& attribute) {
  if (mnl_attr_get_payload_len(&attribute) != 6) return {};
  const auto* b = static_cast<const uint8_t*>(mnl_attr_get_payload(&attribute));
  char text[18];
  std::snprintf(text, sizeof(text), "%02x:%02x:%02x:%02x:%02x:%02x", b[0], b[1], b[2], b[3], b[4], b[5]);
  return text;
}

// IFLA_VXLAN_ID and IFLA_VLAN_ID are both 1
void read_info_data(const nlattr& data, Link& link) {
  each_nested(data, [&](const nlattr& a) {
    const uint16_t type = mnl_attr_get_type(&a);
    if (type == 1 && (link.kind == "vxlan" || link.kind == "vlan")) link.id = as_u32(a);
    if (type == IFLA_TUN_TYPE && link.kind == "tun") link.tap_mode = as_u32(a) == IFF_TAP;
    if (type == IFLA_BR_VLAN_FILTERING && link.kind == "bridge") link.filters_vlans = as_u32(a) != 0;
  });
}

void read_info(const nlattr& info, Link& link) {
  each_nested(info, [&](const nlattr& a) {
    if (mnl_attr_get_type(&a) == IFLA_INFO_KIND) link.kind = as_string(a);
  });
  each_nested(info, [&](const nlattr& a) {
    if (mnl_attr_get_type(&a) == IFLA_INFO_DATA) read_info_data(a, link);
  });
}

void read_attribute(const nlattr& a, Link& link) {
  switch (mnl_attr_get_type(&a)) {
    case IFLA_IFNAME:
      link.name = as_string(a);
      break;
    case IFLA_ADDRESS:
      link.mac = mac_text(a);
      break;
    case IFLA_MTU:
      link.mtu = as_u32(a);
      break;
    case IFLA_MASTER:
      link.master = as_u32(a);
      break;
    case IFLA_LINK:
      link.lower = as_u32(a);
      break;
    case IFLA_LINKINFO:
      read_info(a, link);
      break;
    default:
      break;
  }
}

Link read_link(const nlmsghdr& message, const ifinfomsg& head) {
  Link link;
  link.ifindex = static_cast<uint32_t>(head.ifi_index);
  link.hardware = head.ifi_type;
  link.up = (head.ifi_flags & IFF_UP) != 0;
  each_attribute(message, sizeof(head), [&](const nlattr& a) { read_attribute(a, link); });
  return link;
}

std::string cidr(const nlattr& attribute, const ifaddrmsg& head) {
  const uint16_t expected = head.ifa_family == AF_INET ? 4 : 16;
  char text[INET6_ADDRSTRLEN];
  if (mnl_attr_get_payload_len(&attribute) != expected) return {};
  if (!inet_ntop(head.ifa_family, mnl_attr_get_payload(&attribute), text, sizeof(text))) return {};
  return std::string(text) + "/" + std::to_string(head.ifa_prefixlen);
}

// IFA_LOCAL is the host's own end, IFA_ADDRESS the peer's on point-to-point links
std::string read_address(const nlmsghdr& message, const ifaddrmsg& head) {
  std::string address, local;
  each_attribute(message, sizeof(head), [&](const nlattr& a) {
    if (mnl_attr_get_type(&a) == IFA_ADDRESS) address = cidr(a, head);
    if (mnl_attr_get_type(&a) == IFA_LOCAL) local = cidr(a, head);
  });
  return local.empty() ? address : local;
}

/** Of what an RTM_NEWLINK of AF_BRIDGE tells of a port's VLANs: ranges of them have none. */
uint16_t pvid_in(const nlmsghdr& message) {
  uint16_t pvid = 0;
  each_attribute(message, sizeof(ifinfomsg), [&](const nlattr& spec) {
    if (mnl_attr_get_type(&spec) != IFLA_AF_SPEC) return;
    each_nested(spec, [&](const nlattr& a) {
      bridge_vlan_info info = {};
      if (mnl_attr_get_type(&a) != IFLA_BRIDGE_VLAN_INFO || mnl_attr_get_payload_len(&a) != sizeof(info))
        return;
      std::memcpy(&info, mnl_attr_get_payload(&a), sizeof(info));
      if (info.flags & BRIDGE_VLAN_INFO_PVID) pvid = info.vid;
    });
  });
  return pvid;
}

Status dump_table(Netlink& requests, uint16_t type, uint8_t family, const NetlinkReader& read) {
  NetlinkMessage message(type, 0);
  message.body<ifinfomsg>().ifi_family = family;
  if (family == AF_BRIDGE) mnl_attr_put_u32(message.header(), IFLA_EXT_MASK, RTEXT_FILTER_BRVLAN_COMPRESSED);
  return requests.dump(message, read);
}

}  // namespace

Result<LinkWatch> LinkWatch::open() {
  auto events = Netlink::open(RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_TC);
  if (!events) return std::move(events.error());
  auto requests = Netlink::open();
  if (!requests) return std::move(requests.error());
  LinkWatch watch(std::move(*events), std::move(*requests));
  if (auto first = watch.redump(); !first) return std::move(first.error());
  return watch;
}

void LinkWatch::apply_link(const nlmsghdr& message, LinkChanges& changes) {
  const auto& head = *static_cast<const ifinfomsg*>(mnl_nlmsg_get_payload(&message));
  if (head.ifi_family == AF_BRIDGE) return apply_vlans(message, changes);
  if (head.ifi_family != AF_UNSPEC) return;
  const auto index = static_cast<uint32_t>(head.ifi_index);
  auto known = links_.find(index);
  if (message.nlmsg_type == RTM_DELLINK) {
    if (known == links_.end()) return;
    links_.erase(known);
    changes.gone.push_back(index);
    changes.links = true;
    return;
  }
  Link link = read_link(message, head);
  if (known != links_.end()) link.addresses = known->second.addresses, link.pvid = known->second.pvid;
  if (known != links_.end() && known->second == link) return;
  links_[index] = std::move(link);
  changes.links = true;
}

/** In the family of bridges a port is told of, not a link: RTM_DELLINK says that it has left its bridge. */
void LinkWatch::apply_vlans(const nlmsghdr& message, LinkChanges& changes) {
  const auto& head = *static_cast<const ifinfomsg*>(mnl_nlmsg_get_payload(&message));
  const auto port = links_.find(static_cast<uint32_t>(head.ifi_index));
  if (port == links_.end()) return;
  const uint16_t pvid = message.nlmsg_type == RTM_NEWLINK ? pvid_in(message) : uint16_t{0};
  changes.links |= std::exchange(port->second.pvid, pvid) != pvid;
}

void LinkWatch::apply_address(const nlmsghdr& message, LinkChanges& changes) {
  const auto& head = *static_cast<const ifaddrmsg*>(mnl_nlmsg_get_payload(&message));
  auto link = links_.find(head.ifa_index);
  if (link == links_.end() || (head.ifa_family != AF_INET && head.ifa_family != AF_INET6)) return;
  const std::string address = read_address(message, head);
  if (address.empty()) return;
  const bool changed = message.nlmsg_type == RTM_NEWADDR ? link->second.addresses.insert(address).second
                                                         : link->second.addresses.erase(address) > 0;
  changes.links |= changed;
}

void LinkWatch::apply(const nlmsghdr& message, LinkChanges& changes) {
  switch (message.nlmsg_type) {
    case RTM_NEWLINK:
    case RTM_DELLINK:
      apply_link(message, changes);
      break;
    case RTM_NEWADDR:
    case RTM_DELADDR:
      apply_address(message, changes);
      break;
    case RTM_NEWQDISC:
    case RTM_DELQDISC:
      changes.qdiscs.insert(
          static_cast<uint32_t>(static_cast<const tcmsg*>(mnl_nlmsg_get_payload(&message))->tcm_ifindex));
      break;
    default:
      break;
  }
}

Result<LinkChanges> LinkWatch::redump() {
  const auto before = std::move(links_);
  for (int tries = 0; tries < dump_tries_max; tries++) {
    links_.clear();
    LinkChanges ignored;
    auto read = [&](const nlmsghdr& message) { apply(message, ignored); };
    Status done = dump_table(requests_, RTM_GETLINK, AF_UNSPEC, read);
    if (done) done = dump_table(requests_, RTM_GETLINK, AF_BRIDGE, read);
    if (done) done = dump_table(requests_, RTM_GETADDR, AF_UNSPEC, read);
    if (!done && done.error().code == EINTR) continue;
    if (!done) return std::move(done.error()).in("dump links");
    break;
  }
  LinkChanges changes;
  changes.links = links_ != before;
  for (const auto& [index, link] : before)
    if (!links_.contains(index)) changes.gone.push_back(index);
  for (const auto& [index, link] : links_) changes.qdiscs.insert(index);
  return changes;
}

Result<LinkChanges> LinkWatch::turn() {
  LinkChanges changes;
  Status read = events_.events([&](const nlmsghdr& message) { apply(message, changes); });
  if (read) return changes;
  if (read.error().code != ENOBUFS) return std::move(read.error());
  return redump();
}

}  // namespace vmoat
