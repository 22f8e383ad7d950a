// The list of threats: one line each, NAME standing for NAME.cc, which defines NAME_threat. Its place is its
// bit in FlowRecord::threats.
#pragma once

#define EACH_THREAT(X)    \
  X(invalid_packet)       \
  X(tcp_flags)            \
  X(teardrop)             \
  X(fragment_abuse)       \
  X(ping_of_death)        \
  X(syn_with_data)        \
  X(split_handshake)      \
  X(land)                 \
  X(syn_flood)            \
  X(icmp_flood)           \
  X(udp_flood)            \
  X(session_flood)        \
  X(small_window)         \
  X(small_mss)            \
  X(smurf)                \
  X(port_scan)            \
  X(host_scan)            \
  X(slow_scan)            \
  X(arp_spoofing)         \
  X(ndp_spoofing)         \
  X(ip_spoofing)          \
  X(mac_spoofing)         \
  X(rogue_dhcp)           \
  X(rogue_ra)             \
  X(vtep_injection)       \
  X(amplification)        \
  X(brute_force)          \
  X(beaconing)            \
  X(lateral_movement)     \
  X(icmp_tunnel)          \
  X(sql_injection)        \
  X(struts)               \
  X(log4shell)            \
  X(spring4shell)         \
  X(shellshock)           \
  X(command_injection)    \
  X(code_injection)       \
  X(path_traversal)       \
  X(cross_site_scripting) \
  X(http_negative_length) \
  X(http_smuggling)       \
  X(slowloris)            \
  X(dns_loop)             \
  X(dns_overflow)         \
  X(dns_zone_transfer)    \
  X(dns_null_type)        \
  X(dns_tunnel)           \
  X(heartbleed)           \
  X(obsolete_tls)         \
  X(weak_cipher)          \
  X(ssh_v1)               \
  X(mysql_access_denied)
