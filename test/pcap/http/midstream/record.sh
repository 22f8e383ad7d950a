#!/bin/bash
# A connection that is older than the capture: tcpdump begins between two requests of it.
. "$(dirname "$0")/../../stage.sh"
mkdir "$work/www"
cat >"$work/nginx.conf" <<END
user root;
daemon off;
pid $work/pid;
error_log stderr;
events {}
http { access_log off; server { listen 80; root $work/www; } }
END
serve nginx -p "$work" -c "$work/nginx.conf"
wait_for 80
mkfifo "$work/requests"
ip netns exec "$client_ns" socat -t 2 - "TCP:$server_ip:80" <"$work/requests" >/dev/null &
pids+=($!)
exec 3>"$work/requests"
printf 'GET /first HTTP/1.1\r\nHost: a\r\n\r\n' >&3
sleep 0.5
capture
printf 'GET /second HTTP/1.1\r\nHost: b\r\nConnection: close\r\n\r\n' >&3
sleep 0.5
exec 3>&-
finish
