#!/bin/bash
# haproxy hands requests on to nginx, over HTTP and TLS, with the PROXY protocol of both versions before them.
. "$(dirname "$0")/../../stage.sh"
use nginx
needs haproxy
certificate shop.example.org
nginx_serve '80 proxy_protocol' "listen 443 ssl proxy_protocol; ssl_certificate $work/cert; ssl_certificate_key $work/key;"
echo '<p>hello</p>' >"$work/www/index.html"
chain() { # PORT SERVER-OPTIONS: what comes to it goes on to the server
  printf 'listen p%s\n  mode tcp\n  bind %s:%s\n  server s %s\n' "$1" "$client_ip" "$1" "$2"
}
{
  printf 'defaults\n  timeout connect 5s\n  timeout client 10s\n  timeout server 10s\n'
  chain 8081 "$server_ip:80 send-proxy"
  chain 8082 "$server_ip:80 send-proxy-v2"
  chain 8441 "$server_ip:443 send-proxy"
  chain 8442 "$server_ip:443 send-proxy-v2"
} >"$work/haproxy.cfg"
wait_for 443
run_client haproxy -db -f "$work/haproxy.cfg"
is_up() { [ -n "$(on_client ss -Hlnt sport = :8442)" ]; }
wait_until is_up
capture
for port in 8081 8082; do on_client curl -s -o /dev/null "http://$client_ip:$port/index.html"; done
for port in 8441 8442; do
  on_client curl -s -k -o /dev/null --connect-to "shop.example.org:$port:$client_ip:$port" "https://shop.example.org:$port/"
done
on_client curl -s -o /dev/null -G "http://$client_ip:8082/item" --data-urlencode "id=1' OR '1'='1"
finish
