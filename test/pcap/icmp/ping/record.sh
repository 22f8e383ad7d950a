#!/bin/bash
# Echo over IPv4 and IPv6, and a UDP port where nobody listens.
. "$(dirname "$0")/../../stage.sh"
needs iputils-ping socat
capture 'not arp and not (ip6 and ip6[6] = 0)'
on_client ping -c 2 -i 0.2 "$server_ip" >/dev/null
on_client ping -c 2 -i 0.2 "$server_ip6" >/dev/null
echo x | on_client socat - "UDP:$server_ip:9999" 2>/dev/null || true
finish
