#!/bin/bash
# Thirty connections to nginx whose request heads get one field every four seconds and do not end.
. "$(dirname "$0")/../../stage.sh"
use nginx
nginx_serve 80
capture
slow() {
  exec 3<>"/dev/tcp/$server_ip/80"
  printf 'GET / HTTP/1.1\r\nHost: shop\r\n' >&3
  for n in 1 2 3 4; do
    sleep 4
    printf 'X-Wait: %d\r\n' "$n" >&3
  done
  exec 3>&-
}
export -f slow
export server_ip
for n in $(seq 30); do
  on_client bash -c slow &
  pids+=($!)
done
sleep 19
finish
