#!/bin/bash
# A cache in use: pipelines of inline commands, lists, hashes, a transaction, subscriptions, scripts, many short
# connections.
. "$(dirname "$0")/../../stage.sh"
needs redis-server socat
serve redis-server --port 6379 --dir "$work" --save '' --protected-mode no
wait_for 6379
capture
redis() { on_client redis-cli -h "$server_ip" "$@" >/dev/null; }
run_client redis-cli -h "$server_ip" SUBSCRIBE news
sleep 0.3
pipeline() { on_client socat -t 0.5 - "TCP:$server_ip:6379" >/dev/null; }
for i in $(seq 30); do printf 'SET key:%s value-%s EX 60\r\n' "$i" "$i"; done | pipeline
for i in $(seq 15); do redis GET "key:$i"; done
printf '%s\r\n' MULTI 'INCR a' 'LPUSH l 1 2 3' 'HSET h x 1 y 2' EXEC 'LRANGE l 0 -1' 'HGETALL h' 'KEYS key:1*' | pipeline
redis EVAL "return redis.call('get', KEYS[1])" 1 key:1
redis PUBLISH news hello
kill "$client_pid"
finish
