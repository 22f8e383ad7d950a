#!/bin/bash
# A browser loads a page with style, script and twenty images, then a second page, from its cache where it may.
. "$(dirname "$0")/../../stage.sh"
use nginx
needs chromium
nginx_serve 80 'location = /late { return 200 "<p>late</p>"; default_type text/html; }'
site() { # NAME
  echo "<!doctype html><title>$1</title><link rel=stylesheet href=/style.css><script src=/code.js></script><h1>$1</h1>"
  for i in $(seq 20); do echo "<img src=/image-$i.svg alt='it is $i'>"; done
}
site first >"$work/www/index.html"
site second >"$work/www/second.html"
echo 'body { font: 16px sans-serif; color: #333 }' >"$work/www/style.css"
echo 'fetch("/late?name=O%27Brien&q=select+a+plan").then((r) => r.text())' >"$work/www/code.js"
for i in $(seq 20); do echo "<svg xmlns='http://www.w3.org/2000/svg'><circle r='$i'/></svg>" >"$work/www/image-$i.svg"; done
capture 'not ip6 and host 10.9.0.2'
for page in '' second.html; do
  on_client timeout 60 chromium --headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-sync \
    --disable-background-networking --disable-component-update --user-data-dir="$work/profile" \
    --virtual-time-budget=2000 --dump-dom "http://$server_ip/$page" >/dev/null 2>&1
done
finish
