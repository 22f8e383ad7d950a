#!/bin/bash
# An address is leased by four messages and released.
. "$(dirname "$0")/../../stage.sh"
needs isc-dhcp-server isc-dhcp-client
ip -n "$client_ns" addr add fe80::9:1/64 dev eth0 nodad
ip -n "$server_ns" addr add fe80::9:2/64 dev eth0 nodad
printf 'default-lease-time 3600;\nsubnet6 fd00:9::/64 {\n  range6 fd00:9::100 fd00:9::1ff;\n  option dhcp6.name-servers fd00:9::2;\n}\n' >"$work/dhcpd.conf"
touch "$work/leases"
serve dhcpd -6 -f -cf "$work/dhcpd.conf" -lf "$work/leases" -pf "$work/pid" -user root -group root eth0
wait_for_udp 547
printf '#!/bin/sh\nexit 0\n' >"$work/script"
chmod +x "$work/script"
touch "$work/client-leases"
dhclient=(dhclient -6 -q -cf /dev/null -lf "$work/client-leases" -pf "$work/dhclient.pid" -sf "$work/script")
capture udp
on_client "${dhclient[@]}" -1 eth0
on_client "${dhclient[@]}" -r eth0
finish
