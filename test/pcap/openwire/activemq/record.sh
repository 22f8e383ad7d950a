#!/bin/bash
# A consumer takes three messages from a queue (a client of STOMP, not captured, put them there).
. "$(dirname "$0")/../../stage.sh"
use activemq
needs socat
activemq_serve
wait_for 61613
(printf 'CONNECT\n\n\0'; sleep 0.5; printf 'SEND\ndestination:/queue/orders\n\nhello\0%.0s' 1 2 3; sleep 0.5) |
  on_client socat -t 1 - "TCP:$server_ip:61613" >/dev/null
capture 'tcp port 61616'
activemq consumer --brokerUrl "tcp://$server_ip:61616" --destination queue://orders --messageCount 3 >>"$work/log" 2>&1
finish
