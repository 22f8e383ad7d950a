#!/bin/bash
# redis-cli in RESP 2 and RESP 3, and commands typed inline.
. "$(dirname "$0")/../../stage.sh"
needs redis-server socat
serve redis-server --port 6379 --dir "$work" --save '' --protected-mode no
wait_for 6379
capture
on_client redis-cli -h "$server_ip" SET key value >/dev/null
on_client redis-cli -h "$server_ip" INFO server >/dev/null
on_client redis-cli -3 -h "$server_ip" GET key >/dev/null
printf 'PING\r\nSET a 1\r\nQUIT\r\n' | on_client socat -t 1 - "TCP:$server_ip:6379" >/dev/null
finish
