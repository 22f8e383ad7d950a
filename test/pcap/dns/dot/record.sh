#!/bin/bash
# A question and its answer within TLS (RFC 7858).
. "$(dirname "$0")/../../stage.sh"
needs unbound knot-dnsutils
certificate dns.example.org
cat >"$work/unbound.conf" <<END
server:
  interface: $server_ip@853
  tls-service-key: "$work/key"
  tls-service-pem: "$work/cert"
  access-control: 10.9.0.0/24 allow
  do-daemonize: no
  chroot: ""
  username: ""
  pidfile: "$work/pid"
  local-zone: example.org. static
  local-data: "www.example.org. A 192.0.2.80"
remote-control:
  control-enable: no
END
serve unbound -d -c "$work/unbound.conf"
wait_for 853
capture
on_client kdig +tls "@$server_ip" www.example.org A >/dev/null
on_client kdig +tls +tls-sni=dns.example.org "@$server_ip" www.example.org AAAA >/dev/null
finish
