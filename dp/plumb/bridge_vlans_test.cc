// VLANs of ports and what else is set on them, as a kernel told it, and what is told to the kernel.
#include "plumb/bridge_vlans.h"

#include <doctest/doctest.h>
#include <linux/if_bridge.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <string>

#include "plumb/bridge.h"
#include "plumb/recorded_port.h"

using namespace vmoat;
using namespace vmoat::test;

namespace {

constexpr uint16_t pvid = BRIDGE_VLAN_INFO_PVID, untagged = BRIDGE_VLAN_INFO_UNTAGGED;

/** "del 1; set 5-7,9/6": the tags and flags of each message, in order. */
std::string text_of(std::vector<NetlinkMessage> messages) {
  std::string text;
  for (NetlinkMessage& message : messages) {
    const nlmsghdr& header = *message.header();
    const auto& head = *static_cast<const ifinfomsg*>(mnl_nlmsg_get_payload(&header));
    CHECK(head.ifi_family == AF_BRIDGE);
    CHECK(head.ifi_index == 7);
    text += header.nlmsg_type == RTM_DELLINK ? "del" : "set";
    each_attribute(header, sizeof(head), [&](const nlattr& spec) {
      CHECK(mnl_attr_get_type(&spec) == IFLA_AF_SPEC);
      each_nested(spec, [&](const nlattr& a) {
        const auto& info = *static_cast<const bridge_vlan_info*>(mnl_attr_get_payload(&a));
        text += " " + std::to_string(info.vid) + "/" + std::to_string(info.flags);
      });
    });
    text += ";";
  }
  return text;
}

}  // namespace

TEST_CASE("bridge VLANs: a port's are read as Debian's kernel tells them") {
  const std::vector<uint32_t> recorded = message_of(recorded_vlans);
  const PortVlans vlans = read_port_vlans(*reinterpret_cast<const nlmsghdr*>(recorded.data()));
  CHECK(vlans == PortVlans{{100, pvid | untagged},
                           {200, 0},
                           {300, 0},
                           {301, 0},
                           {302, 0},
                           {303, 0},
                           {304, 0},
                           {305, 0},
                           {400, untagged}});
  CHECK(text_of(vlan_changes(7, {{1, pvid | untagged}}, vlans)) ==
        "del 1/0;set 100/6 200/0 300/8 305/16 400/4;");
}

TEST_CASE("bridge VLANs: a port's attributes are read as Debian's kernel tells them") {
  const std::vector<uint32_t> recorded = message_of(recorded_link);
  const auto port = read_port(*reinterpret_cast<const nlmsghdr*>(recorded.data()));
  REQUIRE(port.has_value());
  CHECK(port->ifindex == 4);
  CHECK(port->bridge == 2);
  CHECK(port->state == PortState::disabled);
  const std::map<uint16_t, uint8_t> set = {{IFLA_BRPORT_PRIORITY, 9},
                                           {IFLA_BRPORT_COST, 42},
                                           {IFLA_BRPORT_MODE, 1},
                                           {IFLA_BRPORT_GUARD, 1},
                                           {IFLA_BRPORT_PROTECT, 1},
                                           {IFLA_BRPORT_FAST_LEAVE, 1},
                                           {IFLA_BRPORT_LEARNING, 0},
                                           {IFLA_BRPORT_UNICAST_FLOOD, 0},
                                           {IFLA_BRPORT_MCAST_FLOOD, 0},
                                           {IFLA_BRPORT_BCAST_FLOOD, 0},
                                           {IFLA_BRPORT_ISOLATED, 1},
                                           {IFLA_BRPORT_NEIGH_SUPPRESS, 1},
                                           {IFLA_BRPORT_MULTICAST_ROUTER, 2},
                                           {IFLA_BRPORT_LOCKED, 0},
                                           {IFLA_BRPORT_VLAN_TUNNEL, 0}};
  for (const auto& [type, value] : set) {
    CAPTURE(type);
    REQUIRE(port->attributes.contains(type));
    CHECK(port->attributes.at(type).front() == value);
  }
  CHECK_FALSE(port->attributes.contains(IFLA_BRPORT_STATE));
}

TEST_CASE("bridge VLANs: what the source does not have is deleted before anything is added") {
  const PortVlans fresh = {{1, pvid | untagged}};
  CHECK(text_of(vlan_changes(7, fresh, {{100, pvid | untagged}})) == "del 1/0;set 100/6;");
  CHECK(text_of(vlan_changes(7, fresh, {})) == "del 1/0;");
  CHECK(text_of(vlan_changes(7, {}, {})).empty());
  CHECK(text_of(vlan_changes(7, fresh, fresh)).empty());
  CHECK(text_of(vlan_changes(7, fresh, {{1, untagged}})) == "set 1/4;");
  CHECK(text_of(vlan_changes(7, fresh, {{1, 0}, {5, 0}, {6, 0}, {7, pvid}, {8, 0}})) ==
        "set 1/0 5/8 6/16 7/2 8/0;");
  CHECK(text_of(vlan_changes(7, {{5, 0}, {6, untagged}, {7, 0}, {9, pvid}}, {{9, pvid}})) == "del 5/8 7/16;");
}

TEST_CASE("bridge VLANs: many are told in several messages") {
  PortVlans odd;
  for (uint16_t tag = 1; tag < 4095; tag += 2) odd[tag] = 0;
  auto messages = vlan_changes(7, odd, {});
  CHECK(messages.size() == 64);
  for (NetlinkMessage& message : messages) CHECK(message.header()->nlmsg_len <= 1024);
}
