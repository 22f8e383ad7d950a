#!/bin/bash
# A replica synchronises with its master and follows one write.
. "$(dirname "$0")/../../stage.sh"
needs redis-server
mkdir "$work/replica"
serve redis-server --port 6379 --dir "$work" --save '' --protected-mode no --repl-diskless-sync-delay 0
wait_for 6379
capture
run_client redis-server --port 6380 --dir "$work/replica" --save '' --replicaof "$server_ip" 6379
sleep 2
on_server redis-cli SET key value >/dev/null
sleep 1.5
finish
