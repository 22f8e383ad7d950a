#!/bin/bash
# A replica synchronises with its master and follows one write.
. "$(dirname "$0")/../../stage.sh"
mkdir "$work/replica"
serve redis-server --port 6379 --dir "$work" --save '' --protected-mode no --repl-diskless-sync-delay 0
wait_for 6379
capture
ip netns exec "$client_ns" redis-server --port 6380 --dir "$work/replica" --save '' --replicaof "$server_ip" 6379 >>"$work/log" 2>&1 &
pids+=($!)
sleep 2
on_server redis-cli SET key value >/dev/null
sleep 1.5
finish
