#!/bin/bash
# HTTP/3 by QUIC version 1, and by a server that has the address validated first (Retry).
. "$(dirname "$0")/../../stage.sh"
needs ngtcp2-server ngtcp2-client
certificate www.example.org
mkdir "$work/www"
echo hello >"$work/www/index.html"
serve gtlsserver -q -d "$work/www" "$server_ip" 4433 "$work/key" "$work/cert"
serve gtlsserver -q -V -d "$work/www" "$server_ip" 4434 "$work/key" "$work/cert"
wait_for_udp 4433
wait_for_udp 4434
capture
echo "$server_ip www.example.org" >"$work/hosts"
for port in 4433 4434; do
  on_client sh -c "mount --bind '$work/hosts' /etc/hosts && exec timeout 10 gtlsclient -q --exit-on-all-streams-close \
    www.example.org $port https://www.example.org/" >/dev/null 2>&1
done
finish
