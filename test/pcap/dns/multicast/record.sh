#!/bin/bash
# A multicast query for a service, as a resolver without mDNS daemon sends it (RFC 6762, 5.1).
. "$(dirname "$0")/../../stage.sh"
needs bind9-dnsutils
ip -n "$client_ns" route add 224.0.0.0/4 dev eth0
capture
on_client dig +tries=1 +time=1 -b 0.0.0.0#5353 @224.0.0.251 -p 5353 printer.local A >/dev/null || true
finish
