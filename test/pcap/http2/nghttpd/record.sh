#!/bin/bash
# HTTP/2 in clear with prior knowledge: two pages at once, one that is not there.
. "$(dirname "$0")/../../stage.sh"
needs nghttp2-server nghttp2-client
mkdir "$work/www"
echo '<p>hello</p>' >"$work/www/index.html"
serve nghttpd --no-tls -d "$work/www" 8080
wait_for 8080
capture
on_client nghttp -n "http://$server_ip:8080/" "http://$server_ip:8080/none"
finish
