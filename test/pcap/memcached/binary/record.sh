#!/bin/bash
# The binary protocol: statistics, a value stored and read.
. "$(dirname "$0")/../../stage.sh"
needs memcached libmemcached-tools
serve memcached -u root -p 11211 -l "$server_ip"
wait_for 11211
capture
echo value >"$work/key"
on_client memccp --binary --servers="$server_ip" "$work/key"
on_client memccat --binary --servers="$server_ip" key >/dev/null
finish
