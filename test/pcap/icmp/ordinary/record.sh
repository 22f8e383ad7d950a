#!/bin/bash
# Pings of several sizes, one of them in fragments, a traceroute, a path MTU probe.
. "$(dirname "$0")/../../stage.sh"
needs iputils-ping iputils-tracepath
capture 'not ip6 and not arp'
for size in 16 56; do on_client ping -c 30 -i 0.02 -s $size "$server_ip" >/dev/null; done
for size in 1000 1472; do on_client ping -c 3 -i 0.02 -s $size "$server_ip" >/dev/null; done
on_client ping -c 2 -i 0.1 -s 3000 "$server_ip" >/dev/null
on_client ping -c 5 -i 0.1 -p ff00aa55 "$server_ip" >/dev/null
on_client ping -c 2 -M do -s 1472 "$server_ip" >/dev/null
on_client timeout 10 tracepath -n "$server_ip" >/dev/null || true
finish
