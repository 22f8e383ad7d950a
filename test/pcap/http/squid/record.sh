#!/bin/bash
# A proxy fetches a page, opens a tunnel for TLS (CONNECT), and refuses a port.
. "$(dirname "$0")/../../stage.sh"
needs squid curl
certificate www.example.org
mkdir "$work/cache"
chown proxy "$work" "$work/cache"
cat >"$work/squid.conf" <<END
http_port $server_ip:3128
http_access deny CONNECT !safe
http_access allow all
acl safe port 443
cache_log $work/cache.log
access_log none
pid_filename $work/pid
coredump_dir $work/cache
shutdown_lifetime 1 seconds
netdb_filename none
END
sed -i '1i acl safe port 443' "$work/squid.conf"
serve openssl s_server -accept 443 -key "$work/key" -cert "$work/cert" -www
serve squid -N -f "$work/squid.conf"
wait_for 3128
capture
proxied() { on_client curl -sk -x "http://$server_ip:3128" "$@" -o /dev/null || true; }
proxied "http://$server_ip:3128/squid-internal-mgr/none"
proxied "https://$server_ip/"
proxied "https://$server_ip:8443/"
finish
