#!/bin/bash
# BIND by TCP: a truncated answer asked for again, and a zone transfer.
. "$(dirname "$0")/../../stage.sh"
use bind
bind_serve
capture
on_client dig +tries=1 +noedns "@$server_ip" big.example.org TXT >/dev/null
on_client dig +tries=1 "@$server_ip" example.org AXFR >/dev/null
finish
