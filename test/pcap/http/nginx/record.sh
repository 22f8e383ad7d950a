#!/bin/bash
# nginx answers three requests on one connection and one on another.
. "$(dirname "$0")/../../stage.sh"
use nginx
nginx_serve 80
echo '<p>hello</p>' >"$work/www/index.html"
capture
on_client curl -s "http://$server_ip/?user=alice" "http://$server_ip/index.html" "http://$server_ip/none" -o /dev/null -o /dev/null -o /dev/null
on_client curl -s -H 'Host: www.example.org' -d 'a=b' "http://$server_ip/form" -o /dev/null
finish
