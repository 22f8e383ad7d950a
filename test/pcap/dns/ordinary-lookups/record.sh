#!/bin/bash
# Sixty lookups of a working day: hosts, mail, services, reverse names, DNSSEC, long names of content networks, names
# that do not exist, a truncated answer fetched by TCP.
. "$(dirname "$0")/../../stage.sh"
use bind
bind_serve
capture
look() { on_client dig +tries=1 "@$server_ip" "$@" >/dev/null; }
for name in www web ns example mail intranet db-1.eu-central-1 d1a2b3c4e5f6g7.cloudfront e1234.dscb.akamaiedge; do
  look "$name.example.org" A
  look "$name.example.org" AAAA
  look +dnssec "$name.example.org" A
done
for kind in MX TXT NS SOA SRV CAA DS HTTPS; do look "example.org" "$kind"; done
for i in $(seq 10); do look -x "10.9.0.$i"; done
look 8f14e45fceea167a5a36dedd4bea2543.c4ca4238a0b923820dcc509a6f75849b.static.example.org A
look _ldap._tcp.dc._msdcs.example.org SRV
look +noedns big.example.org TXT
look +edns +bufsize=4096 big.example.org TXT
for i in $(seq 10); do on_client dig +tries=1 "@$server_ip6" "www.example.org" AAAA >/dev/null; done
finish
