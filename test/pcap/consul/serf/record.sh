#!/bin/bash
# Serf, which gossips by the library that Consul uses: a node joins, an event goes round.
. "$(dirname "$0")/../../stage.sh"
needs serf
serve serf agent -node=server-1 -bind="$server_ip:8301" -rpc-addr=127.0.0.1:7373
wait_for 8301
capture
run_client serf agent -node=web-1 -bind="$client_ip:8301" -rpc-addr=127.0.0.1:7373 -join="$server_ip:8301"
sleep 4
on_client serf event deploy 7 >/dev/null
sleep 2
on_client serf leave >/dev/null
sleep 1
finish
