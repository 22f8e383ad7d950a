// Qdiscs and filters by rtnetlink (tc-bpf(8), linux/pkt_sched.h).
#include "plumb/qdisc.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#include <algorithm>
#include <set>

namespace vmoat {
namespace {

constexpr uint32_t our_handle = 0x766d;
constexpr uint16_t priority_max = 64;

uint32_t parent_of(TrafficSide side) {
  return TC_H_MAKE(TC_H_CLSACT, side == TrafficSide::ingress ? TC_H_MIN_INGRESS : TC_H_MIN_EGRESS);
}

tcmsg& address(NetlinkMessage& message, uint32_t ifindex, uint32_t parent) {
  tcmsg& head = message.body<tcmsg>();
  head.tcm_family = AF_UNSPEC;
  head.tcm_ifindex = static_cast<int>(ifindex);
  head.tcm_parent = parent;
  return head;
}

Status change_clsact(Netlink& netlink, uint32_t ifindex, uint16_t type, uint16_t flags) {
  NetlinkMessage message(type, flags);
  address(message, ifindex, TC_H_CLSACT).tcm_handle = TC_H_MAKE(TC_H_CLSACT, 0);
  mnl_attr_put_strz(message.header(), TCA_KIND, "clsact");
  return netlink.request(message);
}

IngressQdisc kind_of(const std::string& kind) {
  if (kind == "clsact") return IngressQdisc::clsact;
  return kind == "ingress" ? IngressQdisc::ingress : IngressQdisc::none;
}

void read_bpf_options(const nlattr& options, Filter& filter) {
  each_nested(options, [&](const nlattr& a) {
    if (mnl_attr_get_type(&a) == TCA_BPF_NAME) filter.name = as_string(a);
  });
}

Filter read_filter(const nlmsghdr& message, const tcmsg& head) {
  Filter filter;
  filter.handle = head.tcm_handle;
  filter.priority = static_cast<uint16_t>(TC_H_MAJ(head.tcm_info) >> 16);
  filter.protocol = ntohs(static_cast<uint16_t>(TC_H_MIN(head.tcm_info)));
  each_attribute(message, sizeof(head), [&](const nlattr& a) {
    if (mnl_attr_get_type(&a) == TCA_KIND) filter.kind = as_string(a);
  });
  each_attribute(message, sizeof(head), [&](const nlattr& a) {
    if (mnl_attr_get_type(&a) == TCA_OPTIONS && filter.kind == "bpf") read_bpf_options(a, filter);
  });
  return filter;
}

uint32_t info_of(uint16_t priority, uint16_t protocol) {
  return TC_H_MAKE(static_cast<uint32_t>(priority) << 16, htons(protocol));
}

// The place of the filter of this name, else the first priority nobody uses.
uint16_t choose_priority(const std::vector<Filter>& present, const std::string& name) {
  std::set<uint16_t> taken;
  for (const Filter& f : present) {
    if (f.name == name && f.handle == our_handle) return f.priority;
    taken.insert(f.priority);
  }
  uint16_t priority = 1;
  while (taken.contains(priority) && priority < priority_max) priority++;
  return priority;
}

}  // namespace

Result<IngressQdisc> ingress_qdisc(Netlink& netlink, uint32_t ifindex) {
  IngressQdisc found = IngressQdisc::none;
  NetlinkMessage message(RTM_GETQDISC, 0);
  address(message, ifindex, 0);
  Status done = netlink.dump(message, [&](const nlmsghdr& part) {
    const auto& head = *static_cast<const tcmsg*>(mnl_nlmsg_get_payload(&part));
    if (part.nlmsg_type != RTM_NEWQDISC || static_cast<uint32_t>(head.tcm_ifindex) != ifindex) return;
    each_attribute(part, sizeof(head), [&](const nlattr& a) {
      if (mnl_attr_get_type(&a) == TCA_KIND && kind_of(as_string(a)) != IngressQdisc::none)
        found = kind_of(as_string(a));
    });
  });
  if (!done) return std::move(done.error()).in("list qdiscs");
  return found;
}

Status add_clsact(Netlink& netlink, uint32_t ifindex) {
  return change_clsact(netlink, ifindex, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL);
}

Status remove_clsact(Netlink& netlink, uint32_t ifindex) {
  return change_clsact(netlink, ifindex, RTM_DELQDISC, 0);
}

Result<std::vector<Filter>> filters(Netlink& netlink, uint32_t ifindex, TrafficSide side) {
  std::vector<Filter> found;
  NetlinkMessage message(RTM_GETTFILTER, 0);
  address(message, ifindex, parent_of(side));
  Status done = netlink.dump(message, [&](const nlmsghdr& part) {
    const auto& head = *static_cast<const tcmsg*>(mnl_nlmsg_get_payload(&part));
    // each filter comes with a line of its own and one for its place in the chain: handle 0
    if (part.nlmsg_type == RTM_NEWTFILTER && head.tcm_handle != 0) found.push_back(read_filter(part, head));
  });
  if (!done) return std::move(done.error()).in("list filters");
  return found;
}

Status set_filter(Netlink& netlink, uint32_t ifindex, TrafficSide side, int program,
                  const std::string& name) {
  auto present = filters(netlink, ifindex, side);
  if (!present) return std::move(present.error());
  NetlinkMessage message(RTM_NEWTFILTER, NLM_F_CREATE);
  tcmsg& head = address(message, ifindex, parent_of(side));
  head.tcm_handle = our_handle;
  head.tcm_info = info_of(choose_priority(*present, name), ETH_P_ALL);
  mnl_attr_put_strz(message.header(), TCA_KIND, "bpf");
  nlattr* options = mnl_attr_nest_start(message.header(), TCA_OPTIONS);
  mnl_attr_put_u32(message.header(), TCA_BPF_FD, static_cast<uint32_t>(program));
  mnl_attr_put_strz(message.header(), TCA_BPF_NAME, name.c_str());
  mnl_attr_put_u32(message.header(), TCA_BPF_FLAGS, TCA_BPF_FLAG_ACT_DIRECT);
  mnl_attr_nest_end(message.header(), options);
  return netlink.request(message);
}

Status remove_filter(Netlink& netlink, uint32_t ifindex, TrafficSide side, const Filter& filter) {
  NetlinkMessage message(RTM_DELTFILTER, 0);
  tcmsg& head = address(message, ifindex, parent_of(side));
  head.tcm_handle = filter.handle;
  head.tcm_info = info_of(filter.priority, filter.protocol);
  mnl_attr_put_strz(message.header(), TCA_KIND, filter.kind.c_str());
  return netlink.request(message);
}

}  // namespace vmoat
