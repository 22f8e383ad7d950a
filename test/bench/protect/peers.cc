#include "peers.h"

#include <string>

#include "guests/scene.h"

namespace vmoat::bench {
namespace {

/** The same rules as vmoat is given, see guarded.cc. */
constexpr const char* rules =
    "table ip vmt { chain forward { type filter hook forward priority 0; policy drop; "
    "ct state established,related accept; ct state invalid drop; "
    "tcp dport 22 accept; tcp dport 53 accept; udp dport 53 accept; tcp dport 3306 accept; "
    "tcp dport 5432 accept; tcp dport 6379 accept; udp dport 123 accept; "
    "tcp dport 5001 accept; udp dport 5001 accept; }; }";

void call_ip_rules(bool on) {
  shell("echo " + std::to_string(static_cast<int>(on)) + " > /proc/sys/net/bridge/bridge-nf-call-iptables");
}

void plug_firewall_bridge(const std::string& n) {
  shell("ip link add fwbr" + n + " type bridge && ip link set fwbr" + n + " up");
  shell("ip link add fwln" + n + " type veth peer name fwpr" + n);
  shell("ip link set vmt-nic" + n + " master fwbr" + n);
  shell("ip link set fwln" + n + " master fwbr" + n + " up && ip link set fwpr" + n + " master vmt-br up");
}

void unplug_firewall_bridge(const std::string& n) {
  shell("ip link set vmt-nic" + n + " master vmt-br && ip link del fwln" + n + " && ip link del fwbr" + n);
}

}  // namespace

FilteredBridge::FilteredBridge() {
  shell(std::string("nft '") + rules + "'");
  call_ip_rules(true);
}

FilteredBridge::~FilteredBridge() {
  call_ip_rules(false);
  shell("nft delete table ip vmt");
}

FirewallBridges::FirewallBridges() {
  for (const char* n : {"0", "1"}) plug_firewall_bridge(n);
  shell("sleep 0.3");
}

FirewallBridges::~FirewallBridges() {
  for (const char* n : {"0", "1"}) unplug_firewall_bridge(n);
  shell("sleep 0.1");
}

}  // namespace vmoat::bench
