#!/bin/bash
# BIND answers by UDP, over IPv4 and IPv6: addresses, an alias, a name that does not exist.
. "$(dirname "$0")/../../stage.sh"
use bind
bind_serve
capture
on_client dig +tries=1 "@$server_ip" www.example.org A >/dev/null
on_client dig +tries=1 "@$server_ip6" web.example.org AAAA >/dev/null
on_client dig +tries=1 +noedns "@$server_ip" none.example.org MX >/dev/null
finish
