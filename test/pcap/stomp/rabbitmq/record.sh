#!/bin/bash
# A client of STOMP 1.2 subscribes, sends and gets a message; a wrong password.
. "$(dirname "$0")/../../stage.sh"
use rabbitmq
needs socat
rabbitmq_serve
wait_for 61613
capture
(printf 'STOMP\naccept-version:1.1,1.2\nhost:/\nlogin:guest\npasscode:guest\nheart-beat:0,0\n\n\0'; sleep 0.5
  printf 'SUBSCRIBE\nid:0\ndestination:/queue/a\n\n\0SEND\ndestination:/queue/a\n\nhello\0'; sleep 0.5) | on_client socat -t 1 - "TCP:$server_ip:61613" >/dev/null
(printf 'CONNECT\nlogin:guest\npasscode:wrong\n\n\0'; sleep 0.5) | on_client socat -t 1 - "TCP:$server_ip:61613" >/dev/null
finish
