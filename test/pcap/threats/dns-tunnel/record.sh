#!/bin/bash
# A client asks BIND for sixty names that carry hexadecimal data below one domain, and for one of type NULL.
. "$(dirname "$0")/../../stage.sh"
use bind
bind_serve
capture
for n in $(seq 60); do
  data=$(printf '%s' "$n" | sha256sum | cut -c1-60)
  on_client dig +tries=1 +noedns "@$server_ip" "$data.${data:0:20}.t.example.org" A >/dev/null
done
on_client dig +tries=1 +noedns "@$server_ip" "paaaaaaa.t.example.org" NULL >/dev/null
finish
