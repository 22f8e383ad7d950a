#!/bin/bash
# A client subscribes, publishes, gets its own message, and answers a ping.
. "$(dirname "$0")/../../stage.sh"
needs nats-server socat
serve nats-server -a "$server_ip" -p 4222
wait_for 4222
capture
(printf 'CONNECT {"verbose":false,"name":"client-1","lang":"sh"}\r\nPING\r\n'; sleep 0.3
  printf 'SUB orders.* 1\r\nPUB orders.new 5\r\nhello\r\nPING\r\n'; sleep 0.5) | on_client socat -t 1 - "TCP:$server_ip:4222" >/dev/null
finish
