#!/bin/bash
# The meta commands (mg, ms, md, mn), gets with cas, append, touch, noreply, flush.
. "$(dirname "$0")/../../stage.sh"
needs memcached socat
serve memcached -u root -p 11211 -l "$server_ip"
wait_for 11211
capture
(printf 'ms key 5 T60\r\nvalue\r\nmg key v t f\r\nmn\r\n'; sleep 0.3; printf 'md key\r\nset a 0 0 1 noreply\r\n1\r\nappend a 0 0 1\r\n2\r\ngets a\r\ntouch a 60\r\nflush_all\r\nquit\r\n') |
  on_client socat -t 1 - "TCP:$server_ip:11211" >/dev/null
printf 'mg none v\r\n' | on_client socat -t 0.5 - "TCP:$server_ip:11211" >/dev/null
finish
