#!/bin/bash
# A file server behind a reverse proxy; HTTP/1.1 and, by prior knowledge, HTTP/2 in clear.
. "$(dirname "$0")/../../stage.sh"
needs caddy curl
mkdir "$work/www"
echo hello >"$work/www/index.html"
cat >"$work/Caddyfile" <<END
{
  admin off
  auto_https off
  servers {
    protocols h1 h2c
  }
}
http://$server_ip:8080 {
  root * $work/www
  file_server
}
http://$server_ip:80 {
  reverse_proxy $server_ip:8080
}
END
HOME=$work serve caddy run --config "$work/Caddyfile" --adapter caddyfile
wait_for 80
wait_for 8080
capture
on_client curl -s "http://$server_ip/" "http://$server_ip/none" -o /dev/null -o /dev/null
on_client curl -s --http2-prior-knowledge "http://$server_ip:8080/" -o /dev/null
finish
