#!/bin/bash
# TLS 1.0, 1.1, 1.2 and 1.3, each asked for by name, the third with a certificate of the client.
. "$(dirname "$0")/../../stage.sh"
certificate www.example.org
serve openssl s_server -accept 8443 -key "$work/key" -cert "$work/cert" -cipher ALL:@SECLEVEL=0 -verify 1 -rev
wait_for 8443
capture
for version in -tls1 -tls1_1 '-tls1_2 -cert cert -key key' -tls1_3; do
  (cd "$work"; echo hello; sleep 0.4) | (cd "$work" && on_client openssl s_client -connect "$server_ip:8443" \
    -servername www.example.org -cipher ALL:@SECLEVEL=0 $version) >/dev/null 2>&1
done
finish
