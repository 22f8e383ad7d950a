#!/bin/bash
# A browser loads a page with twenty images by HTTP/2 over TLS 1.3; curl does so by HTTP/1.1 over TLS 1.2.
. "$(dirname "$0")/../../stage.sh"
use nginx
needs chromium
certificate www.example.org
nginx_serve '443 ssl http2'
for i in $(seq 20); do
  echo "<svg xmlns='http://www.w3.org/2000/svg'><circle r='$i'/></svg>" >"$work/www/image-$i.svg"
  echo "<img src=/image-$i.svg>"
done >"$work/www/index.html"
capture 'not ip6 and host 10.9.0.2'
on_client timeout 60 chromium --headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-sync \
  --disable-background-networking --disable-component-update --user-data-dir="$work/profile" \
  --ignore-certificate-errors --host-resolver-rules="MAP www.example.org $server_ip" \
  --virtual-time-budget=2000 --dump-dom https://www.example.org/ >/dev/null 2>&1
for i in $(seq 5); do
  on_client curl -sk --tls-max 1.2 --http1.1 --resolve "www.example.org:443:$server_ip" "https://www.example.org/image-$i.svg" -o /dev/null
done
finish
