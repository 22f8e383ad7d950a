#!/bin/bash
# chrony asks chrony for the time.
. "$(dirname "$0")/../../stage.sh"
needs chrony
printf 'local stratum 3\nallow all\ncmdport 0\nbindcmdaddress /\npidfile %s/pid\n' "$work" >"$work/server.conf"
serve chronyd -x -d -u root -f "$work/server.conf"
sleep 1
capture
printf 'server %s iburst\ncmdport 0\nbindcmdaddress /\npidfile %s/pid2\n' "$server_ip" "$work" >"$work/client.conf"
on_client timeout 15 chronyd -Q -t 10 -u root -f "$work/client.conf" >/dev/null 2>&1 || true
finish
