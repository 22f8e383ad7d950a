// VLANs in the attributes of linux/if_bridge.h, and the difference between two ports.
#include "plumb/bridge_vlans.h"

#include <linux/if_bridge.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>

namespace vmoat {
namespace {

constexpr uint16_t kept_flags = BRIDGE_VLAN_INFO_PVID | BRIDGE_VLAN_INFO_UNTAGGED;
constexpr size_t runs_per_message = 32;  // each at most two attributes of eight bytes
constexpr uint16_t last_tag = 4094;      // IEEE 802.1Q

/** Neighbouring tags with the same flags. */
struct Run {
  uint16_t first, last, flags;
};

/** The kernel takes no range with a PVID. */
std::vector<Run> runs_of(const PortVlans& vlans) {
  std::vector<Run> runs;
  for (const auto& [tag, flags] : vlans) {
    const bool goes_on = !runs.empty() && runs.back().last + 1 == tag && runs.back().flags == flags &&
                         !(flags & BRIDGE_VLAN_INFO_PVID);
    if (goes_on)
      runs.back().last = tag;
    else
      runs.push_back({tag, tag, flags});
  }
  return runs;
}

void put(nlmsghdr* to, uint16_t tag, int flags) {
  const bridge_vlan_info info = {.flags = static_cast<uint16_t>(flags), .vid = tag};
  mnl_attr_put(to, IFLA_BRIDGE_VLAN_INFO, sizeof(info), &info);
}

void put_run(nlmsghdr* to, const Run& run) {
  if (run.first == run.last) return put(to, run.first, run.flags);
  put(to, run.first, run.flags | BRIDGE_VLAN_INFO_RANGE_BEGIN);
  put(to, run.last, run.flags | BRIDGE_VLAN_INFO_RANGE_END);
}

void add_messages(std::vector<NetlinkMessage>& messages, uint16_t type, uint32_t port,
                  const PortVlans& vlans) {
  const std::vector<Run> runs = runs_of(vlans);
  for (size_t at = 0; at < runs.size(); at += runs_per_message) {
    NetlinkMessage& message = messages.emplace_back(type, 0);
    ifinfomsg& head = message.body<ifinfomsg>();
    head.ifi_family = AF_BRIDGE;
    head.ifi_index = static_cast<int>(port);
    nlattr* spec = mnl_attr_nest_start(message.header(), IFLA_AF_SPEC);
    const size_t end = std::min(at + runs_per_message, runs.size());
    for (size_t i = at; i < end; i++) put_run(message.header(), runs[i]);
    mnl_attr_nest_end(message.header(), spec);
  }
}

}  // namespace

void read_vlans(const nlattr& entry, PortVlans& vlans) {
  bridge_vlan_info first = {};
  uint16_t range = 0;
  each_nested(entry, [&](const nlattr& a) {
    const uint16_t type = mnl_attr_get_type(&a);
    if (type == BRIDGE_VLANDB_ENTRY_INFO && mnl_attr_get_payload_len(&a) == sizeof(first))
      std::memcpy(&first, mnl_attr_get_payload(&a), sizeof(first));
    if (type == BRIDGE_VLANDB_ENTRY_RANGE) range = static_cast<uint16_t>(as_u32(a));
  });
  const uint16_t last = std::min(std::max(first.vid, range), last_tag);
  for (uint16_t tag = first.vid; tag != 0 && tag <= last; tag++) vlans[tag] = first.flags & kept_flags;
}

std::vector<NetlinkMessage> vlan_changes(uint32_t port, const PortVlans& has, const PortVlans& wanted) {
  PortVlans beyond, missing;
  for (const auto& [tag, flags] : has)
    if (!wanted.contains(tag)) beyond[tag] = 0;
  for (const auto& [tag, flags] : wanted)
    if (const auto there = has.find(tag); there == has.end() || there->second != flags) missing[tag] = flags;
  std::vector<NetlinkMessage> messages;
  add_messages(messages, RTM_DELLINK, port, beyond);
  add_messages(messages, RTM_SETLINK, port, missing);
  return messages;
}

}  // namespace vmoat
