#!/bin/bash
# A plain TLS echo by openssl, without ALPN, on a high port.
. "$(dirname "$0")/../../stage.sh"
needs openssl
certificate echo
serve openssl s_server -accept 7000 -key "$work/key" -cert "$work/cert" -rev
wait_for 7000
capture
(echo hello; sleep 0.5) | on_client openssl s_client -connect "$server_ip:7000" -servername echo.example.org >/dev/null 2>&1
finish
