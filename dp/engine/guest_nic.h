// Which guest a host-side interface belongs to, as far as the interface itself tells.
#pragma once

#include <string>
#include <vector>

#include "plumb/links.h"
#include "policy/tables.h"

namespace vmoat {

/** A tap device or a macvtap: what libvirt makes for a guest. */
bool is_tap_device(const Link& link);
/** libvirt gives a tap the guest's MAC with 0xfe as its first octet, a macvtap the guest's own. */
bool same_guest(const std::string& tap_mac, const std::string& guest_mac);

/** Whether the tap bears the MAC of another guest than the one who has this MAC. */
bool is_anothers(const Link& link, const std::string& guest_mac);

/**
 * The tap under which a policy that was kept over a restart names the NIC behind a link; empty where it does
 * not. Names such as vnet0 go to whoever starts first, so a MAC that libvirt gave the link decides, where it
 * has one.
 */
std::string kept_tap(const std::vector<PolicyNic>& nics, const Link& link);

}  // namespace vmoat
