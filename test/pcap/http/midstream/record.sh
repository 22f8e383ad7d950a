#!/bin/bash
# A connection that is older than the capture: tcpdump begins between two requests of it.
. "$(dirname "$0")/../../stage.sh"
needs socat
use nginx
nginx_serve 80
mkfifo "$work/requests"
input=$work/requests run_client socat -t 2 - "TCP:$server_ip:80"
exec 3>"$work/requests"
printf 'GET /first HTTP/1.1\r\nHost: a\r\n\r\n' >&3
sleep 0.5
capture
printf 'GET /second HTTP/1.1\r\nHost: b\r\nConnection: close\r\n\r\n' >&3
sleep 0.5
exec 3>&-
finish
