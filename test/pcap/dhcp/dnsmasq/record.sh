#!/bin/bash
# dnsmasq leases an address to ISC's dhclient: discover, offer, request, acknowledgement, release.
. "$(dirname "$0")/../../stage.sh"
needs dnsmasq-base isc-dhcp-client
serve dnsmasq -k --conf-file=/dev/null --port=0 --interface=eth0 --dhcp-range=10.9.0.50,10.9.0.99,1h --no-ping \
  --dhcp-leasefile="$work/leases" --pid-file="$work/pid" --user=root
sleep 0.5
ip -n "$client_ns" addr flush dev eth0
printf '#!/bin/sh\nexit 0\n' >"$work/script"
chmod +x "$work/script"
echo 'send host-name "guest-7";' >"$work/dhclient.conf"
touch "$work/client-leases"
dhclient_options=(-cf "$work/dhclient.conf" -lf "$work/client-leases" -pf "$work/dhclient.pid" -sf "$work/script" eth0)
capture 'udp'
on_client dhclient -1 -q "${dhclient_options[@]}" 2>/dev/null
ip -n "$client_ns" addr add 10.9.0.1/24 dev eth0
on_client dhclient -r -q "${dhclient_options[@]}" 2>/dev/null
finish
