#!/bin/bash
# A load balancer probes health and hands over sixty requests within a second or two, each on a connection of its own;
# one port of five is closed.
. "$(dirname "$0")/../../stage.sh"
use nginx
needs socat
nginx_serve 80 'location /health { return 200 "ok"; }'
for port in 8081 8082 8083; do serve socat "TCP-LISTEN:$port,fork,reuseaddr" EXEC:'echo ok'; done
for port in 8081 8082 8083; do wait_for $port; done
capture 'not arp'
for i in $(seq 60); do on_client curl -s -o /dev/null -H 'Connection: close' "http://$server_ip/health?n=$i"; done
for round in 1 2; do
  for port in 80 8081 8082 8083 8084; do on_client socat -u OPEN:/dev/null "TCP:$server_ip:$port,connect-timeout=1" 2>/dev/null || true; done
done
finish
