#!/bin/bash
# The text protocol: set, get, a miss, incr, stats, an error.
. "$(dirname "$0")/../../stage.sh"
needs memcached socat
serve memcached -u root -p 11211 -l "$server_ip"
wait_for 11211
capture
(printf 'version\r\nset key 0 60 5\r\nvalue\r\n'; sleep 0.2; printf 'get key other\r\nincr none 1\r\nnonsense\r\nstats items\r\nquit\r\n') |
  on_client socat -t 1 - "TCP:$server_ip:11211" >/dev/null
finish
