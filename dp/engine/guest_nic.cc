#include "engine/guest_nic.h"

#include <net/if_arp.h>

#include <algorithm>

namespace vmoat {
namespace {

bool bears_guest_mac(const Link& link) {
  return is_tap_device(link) && (link.kind == "macvtap" || link.mac.starts_with("fe:"));
}

}  // namespace

bool is_anothers(const Link& link, const std::string& guest_mac) {
  return bears_guest_mac(link) && guest_mac.size() == link.mac.size() && !same_guest(link.mac, guest_mac);
}

bool is_tap_device(const Link& link) {
  return link.kind == "macvtap" || (link.kind == "tun" && link.hardware == ARPHRD_ETHER);
}

bool same_guest(const std::string& tap_mac, const std::string& guest_mac) {
  return tap_mac.size() == 17 && guest_mac.size() == 17 && tap_mac.compare(2, 15, guest_mac, 2, 15) == 0;
}

std::string kept_tap(const std::vector<PolicyNic>& nics, const Link& link) {
  if (!bears_guest_mac(link)) return link.name;
  const auto is_its = [&](const PolicyNic& nic) { return same_guest(link.mac, nic.mac); };
  const auto named = std::find_if(nics.begin(), nics.end(),
                                  [&](const PolicyNic& nic) { return nic.tap == link.name && is_its(nic); });
  if (named != nics.end()) return link.name;
  const auto found = std::find_if(nics.begin(), nics.end(), is_its);
  // Two guests may bear one MAC in two networks: then it says nothing.
  if (found == nics.end() || std::find_if(found + 1, nics.end(), is_its) != nics.end()) return {};
  return found->tap;
}

}  // namespace vmoat
