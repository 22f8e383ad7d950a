#!/bin/bash
# nginx answers three requests on one connection and one on another.
. "$(dirname "$0")/../../stage.sh"
mkdir "$work/www"
echo '<p>hello</p>' >"$work/www/index.html"
cat >"$work/nginx.conf" <<END
user root;
daemon off;
pid $work/pid;
error_log stderr;
events {}
http { access_log off; server { listen 80; root $work/www; } }
END
serve nginx -p "$work" -c "$work/nginx.conf"
wait_for 80
capture
on_client curl -s "http://$server_ip/?user=alice" "http://$server_ip/index.html" "http://$server_ip/none" -o /dev/null -o /dev/null -o /dev/null
on_client curl -s -H 'Host: www.example.org' -d 'a=b' "http://$server_ip/form" -o /dev/null
finish
