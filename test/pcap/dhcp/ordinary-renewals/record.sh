#!/bin/bash
# A guest takes a lease, asks for the same address five times, as after a restart, and gives it back.
. "$(dirname "$0")/../../stage.sh"
needs dnsmasq-base isc-dhcp-client
serve dnsmasq -k --conf-file=/dev/null --port=0 --interface=eth0 --dhcp-range=10.9.0.50,10.9.0.99,1h --no-ping \
  --dhcp-leasefile="$work/leases" --pid-file="$work/pid" --user=root
sleep 0.5
ip -n "$client_ns" addr flush dev eth0
printf '#!/bin/sh\n[ -z "$new_ip_address" ] || ip addr replace "$new_ip_address/24" dev eth0\n' >"$work/script"
chmod +x "$work/script"
touch "$work/client-leases"
dhclient=(dhclient -q -cf /dev/null -lf "$work/client-leases" -pf "$work/dhclient.pid" -sf "$work/script")
capture 'arp or udp'
for restart in 1 2 3 4 5 6; do
  on_client "${dhclient[@]}" -1 eth0
  on_client ping -c 1 -W 1 "$server_ip" >/dev/null
  wait_until test -s "$work/dhclient.pid"
  kill "$(cat "$work/dhclient.pid")"
  rm "$work/dhclient.pid"
done
on_client "${dhclient[@]}" -r eth0
finish
