#!/bin/bash
# The echo service (RFC 862) over TCP and UDP.
. "$(dirname "$0")/../../stage.sh"
needs openbsd-inetd socat
printf 'echo stream tcp nowait root internal\necho dgram udp wait root internal\n' >"$work/inetd.conf"
serve inetd -d "$work/inetd.conf"
wait_for 7
capture
(echo hello; sleep 0.3; echo 'is anybody there?'; sleep 0.3) | on_client socat -t 1 - "TCP:$server_ip:7" >/dev/null
for line in 'hello there' 'still there?' 'goodbye then'; do echo "$line" | on_client socat -t 0.5 - "UDP:$server_ip:7,sourceport=40007" >/dev/null; done
finish
