#!/bin/bash
# A client of STOMP 1.2 subscribes, sends and gets a message; one of 1.0 with a receipt.
. "$(dirname "$0")/../../stage.sh"
use activemq
needs socat
activemq_serve
wait_for 61613
capture
(printf 'CONNECT\naccept-version:1.2\nhost:moat\nlogin:web\npasscode:secret\n\n\0'; sleep 0.5
  printf 'SUBSCRIBE\nid:0\ndestination:/queue/a\nack:auto\n\n\0SEND\ndestination:/queue/a\ncontent-type:text/plain\n\nhello\0'; sleep 0.5
  printf 'DISCONNECT\nreceipt:1\n\n\0'; sleep 0.3) | on_client socat -t 1 - "TCP:$server_ip:61613" >/dev/null
(printf 'CONNECT\n\n\0'; sleep 0.3; printf 'SEND\ndestination:/queue/b\nreceipt:7\n\nhello\0'; sleep 0.3) |
  on_client socat -t 1 - "TCP:$server_ip:61613" >/dev/null
finish
