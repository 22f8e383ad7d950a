// Services over UDP whose answers can be much larger than the questions (US-CERT TA14-017A).
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

namespace vmoat {

inline constexpr std::array<uint16_t, 24> amplifier_ports = {
    17,     // qotd
    19,     // chargen
    53,     // dns
    69,     // tftp
    111,    // portmap
    123,    // ntp
    137,    // netbios
    161,    // snmp
    177,    // xdmcp
    389,    // cldap
    427,    // slp
    520,    // rip 1
    623,    // ipmi
    1434,   // mssql browser
    1604,   // citrix
    1900,   // ssdp
    3283,   // apple remote desktop
    3389,   // rdp
    3702,   // ws-discovery
    5351,   // nat-pmp
    5353,   // mdns
    5683,   // coap
    10074,  // mitel
    11211,  // memcached
};
static_assert(std::is_sorted(amplifier_ports.begin(), amplifier_ports.end()));

inline bool can_amplify(uint16_t port) {
  return port <= 11211 && std::binary_search(amplifier_ports.begin(), amplifier_ports.end(), port);
}

}  // namespace vmoat
