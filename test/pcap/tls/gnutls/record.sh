#!/bin/bash
# GnuTLS on both sides: TLS 1.2 with a certificate of the client, TLS 1.3 with ALPN and a key update.
. "$(dirname "$0")/../../stage.sh"
needs gnutls-bin
certificate www.example.org
serve gnutls-serv --echo -p 5556 --x509certfile "$work/cert" --x509keyfile "$work/key" --alpn mine
wait_for 5556
capture
for priority in NORMAL:-VERS-ALL:+VERS-TLS1.2 NORMAL:-VERS-ALL:+VERS-TLS1.3; do
  (echo hello; sleep 0.5; echo '^rekey^'; sleep 0.5) |
    on_client timeout 5 gnutls-cli --insecure --priority "$priority" --alpn mine --sni-hostname www.example.org \
      --x509certfile "$work/cert" --x509keyfile "$work/key" --inline-commands -p 5556 "$server_ip" >/dev/null 2>&1 || true
done
finish
