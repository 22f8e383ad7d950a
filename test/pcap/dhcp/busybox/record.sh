#!/bin/bash
# BusyBox's client takes a lease from ISC's server.
. "$(dirname "$0")/../../stage.sh"
needs isc-dhcp-server udhcpc
printf 'subnet 10.9.0.0 netmask 255.255.255.0 {\n  range 10.9.0.50 10.9.0.99;\n  option routers 10.9.0.2;\n  option domain-name-servers 10.9.0.2;\n}\n' >"$work/dhcpd.conf"
touch "$work/leases"
serve dhcpd -4 -f -cf "$work/dhcpd.conf" -lf "$work/leases" -pf "$work/pid" -user root -group root eth0
wait_for_udp 67
ip -n "$client_ns" addr flush dev eth0
capture udp
on_client timeout 20 udhcpc -i eth0 -n -q -f -s /bin/true -x hostname:guest-8 >/dev/null 2>&1
finish
