// Veth pairs by rtnetlink (veth(4), linux/veth.h).
#include "plumb/veth.h"

#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>

#include <algorithm>
#include <cstring>

namespace vmoat {
namespace {

// of Linux 6.3; Debian 12's linux/if_link.h does not know them yet
constexpr uint16_t gso_ipv4_max_size = 63, gro_ipv4_max_size = 64;
constexpr uint16_t offload_sizes[] = {IFLA_GSO_MAX_SIZE, IFLA_GSO_MAX_SEGS, IFLA_GRO_MAX_SIZE,
                                      gso_ipv4_max_size, gro_ipv4_max_size};

constexpr uint8_t no_addresses = IN6_ADDR_GEN_MODE_NONE;

void put_end(nlmsghdr* to, const VethPair& pair, const VethEnd& end) {
  mnl_attr_put_strz(to, IFLA_IFNAME, end.name.c_str());
  mnl_attr_put(to, IFLA_ADDRESS, end.mac.size(), end.mac.data());
  mnl_attr_put_u32(to, IFLA_MTU, pair.mtu);
  mnl_attr_put_u32(to, IFLA_NUM_TX_QUEUES, pair.queues);
  mnl_attr_put_u32(to, IFLA_NUM_RX_QUEUES, pair.queues);
  for (const auto& [attribute, size] : pair.sizes) mnl_attr_put_u32(to, attribute, size);
}

NetlinkMessage about(uint16_t type, uint32_t ifindex) {
  NetlinkMessage message(type, 0);
  message.body<ifinfomsg>().ifi_index = static_cast<int>(ifindex);
  return message;
}

/** What a new link cannot be given while it is made. */
Status finish(Netlink& netlink, VethEnd& end, const std::string& alias) {
  end.ifindex = ::if_nametoindex(end.name.c_str());
  if (Status set = set_alias(netlink, end.ifindex, alias); !set) return set;
  NetlinkMessage quiet = about(RTM_SETLINK, end.ifindex);
  nlattr* spec = mnl_attr_nest_start(quiet.header(), IFLA_AF_SPEC);
  nlattr* inet6 = mnl_attr_nest_start(quiet.header(), AF_INET6);
  mnl_attr_put_u8(quiet.header(), IFLA_INET6_ADDR_GEN_MODE, no_addresses);
  mnl_attr_nest_end(quiet.header(), inet6);
  mnl_attr_nest_end(quiet.header(), spec);
  (void)netlink.request(quiet);  // a kernel or namespace without IPv6 has nothing to make
  return success();
}

}  // namespace

Status make_veth(Netlink& netlink, VethPair& pair) {
  NetlinkMessage message(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
  message.body<ifinfomsg>();
  nlmsghdr* to = message.header();
  put_end(to, pair, pair.near);
  nlattr* info = mnl_attr_nest_start(to, IFLA_LINKINFO);
  mnl_attr_put_strz(to, IFLA_INFO_KIND, "veth");
  nlattr* data = mnl_attr_nest_start(to, IFLA_INFO_DATA);
  nlattr* peer = mnl_attr_nest_start(to, VETH_INFO_PEER);
  mnl_nlmsg_put_extra_header(to, sizeof(ifinfomsg));
  put_end(to, pair, pair.far);
  mnl_attr_nest_end(to, peer);
  mnl_attr_nest_end(to, data);
  mnl_attr_nest_end(to, info);
  if (Status made = netlink.request(message); !made)
    return std::move(made.error()).in("make " + pair.near.name + " and " + pair.far.name);
  for (VethEnd* end : {&pair.near, &pair.far})
    if (Status done = finish(netlink, *end, pair.alias); !done)
      return std::move(done.error()).in("finish " + end->name);
  return success();
}

Result<std::optional<LinkShape>> link_shape(Netlink& netlink, uint32_t ifindex) {
  LinkShape shape;
  NetlinkMessage message = about(RTM_GETLINK, ifindex);
  Status done = netlink.get(message, [&](const nlmsghdr& part) {
    each_attribute(part, sizeof(ifinfomsg), [&](const nlattr& a) {
      const uint16_t type = mnl_attr_get_type(&a);
      if (type == IFLA_MTU) shape.mtu = as_u32(a);
      if (type == IFLA_NUM_TX_QUEUES) shape.queues = as_u32(a);
      if (std::ranges::find(offload_sizes, type) != std::end(offload_sizes)) shape.sizes[type] = as_u32(a);
      if (type == IFLA_LINK) shape.peer = as_u32(a);
      if (type == IFLA_MASTER) shape.master = as_u32(a);
      if (type == IFLA_ADDRESS && mnl_attr_get_payload_len(&a) == shape.mac.size())
        std::memcpy(shape.mac.data(), mnl_attr_get_payload(&a), shape.mac.size());
    });
  });
  if (done) return std::optional(shape);
  if (done.error().code == ENODEV) return std::optional<LinkShape>();
  return std::move(done.error()).in("look at a link");
}

Status set_up(Netlink& netlink, uint32_t ifindex) {
  NetlinkMessage message(RTM_SETLINK, 0);
  ifinfomsg& head = message.body<ifinfomsg>();
  head.ifi_index = static_cast<int>(ifindex);
  head.ifi_flags = head.ifi_change = IFF_UP;
  return netlink.request(message);
}

Status set_down(Netlink& netlink, uint32_t ifindex) {
  NetlinkMessage message(RTM_SETLINK, 0);
  ifinfomsg& head = message.body<ifinfomsg>();
  head.ifi_index = static_cast<int>(ifindex);
  head.ifi_change = IFF_UP;
  return netlink.request(message);
}

Status set_mtu(Netlink& netlink, uint32_t ifindex, uint32_t mtu) {
  NetlinkMessage message = about(RTM_SETLINK, ifindex);
  mnl_attr_put_u32(message.header(), IFLA_MTU, mtu);
  return netlink.request(message);
}

Status set_mac(Netlink& netlink, uint32_t ifindex, const std::array<uint8_t, 6>& mac) {
  NetlinkMessage message = about(RTM_SETLINK, ifindex);
  mnl_attr_put(message.header(), IFLA_ADDRESS, mac.size(), mac.data());
  return netlink.request(message);
}

Status set_alias(Netlink& netlink, uint32_t ifindex, const std::string& alias) {
  NetlinkMessage message = about(RTM_SETLINK, ifindex);
  mnl_attr_put_strz(message.header(), IFLA_IFALIAS, alias.c_str());
  return netlink.request(message);
}

Status remove_link(Netlink& netlink, uint32_t ifindex) {
  NetlinkMessage message = about(RTM_DELLINK, ifindex);
  Status gone = netlink.request(message);
  if (!gone && gone.error().code != ENODEV) return std::move(gone.error()).in("remove a link");
  return success();
}

Status set_group(Netlink& netlink, uint32_t ifindex, uint32_t group) {
  NetlinkMessage message = about(RTM_SETLINK, ifindex);
  mnl_attr_put_u32(message.header(), IFLA_GROUP, group);
  return netlink.request(message);
}

Status remove_group(Netlink& netlink, uint32_t group) {
  NetlinkMessage message = about(RTM_DELLINK, 0);
  mnl_attr_put_u32(message.header(), IFLA_GROUP, group);
  Status gone = netlink.request(message);
  if (!gone && gone.error().code != ENODEV) return std::move(gone.error()).in("remove a group of links");
  return success();
}

}  // namespace vmoat
