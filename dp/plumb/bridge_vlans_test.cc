// VLANs of ports: bytes as linux/if_bridge.h lays them out, written by hand.
#include "plumb/bridge_vlans.h"

#include <doctest/doctest.h>
#include <linux/if_bridge.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <array>
#include <string>

using namespace vmoat;

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

TEST_CASE("bridge VLANs: a port's are read, single ones and ranges") {
  // nest of IFLA_AF_SPEC (26): IFLA_BRIDGE_FLAGS (0), then VLAN_INFO (2): 1 PVID untagged, 100 to 102 tagged
  alignas(nlattr) constexpr std::array<uint8_t, 36> dump = {36, 0, 26, 0,                   //
                                                            6,  0, 0,  0, 1,    0, 0,   0,  //
                                                            8,  0, 2,  0, 0x06, 0, 1,   0,  //
                                                            8,  0, 2,  0, 0x08, 0, 100, 0,  //
                                                            8,  0, 2,  0, 0x10, 0, 102, 0};
  PortVlans vlans;
  read_vlans(*reinterpret_cast<const nlattr*>(dump.data()), vlans);
  CHECK(vlans == PortVlans{{1, pvid | untagged}, {100, 0}, {101, 0}, {102, 0}});
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
