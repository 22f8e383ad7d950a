#!/bin/bash
# Text commands over UDP, behind the frame header.
. "$(dirname "$0")/../../stage.sh"
needs memcached socat
serve memcached -u root -p 11211 -U 11211 -l "$server_ip"
wait_for_udp 11211
capture
printf '\0\1\0\0\0\1\0\0set key 0 60 5\r\nvalue\r\n' | on_client socat -t 0.5 - "UDP:$server_ip:11211" >/dev/null
printf '\0\2\0\0\0\1\0\0get key\r\n' | on_client socat -t 0.5 - "UDP:$server_ip:11211" >/dev/null
finish
