#!/bin/bash
# nginx speaks TLS 1.3, with HTTP/2 by ALPN.
. "$(dirname "$0")/../../stage.sh"
mkdir "$work/www"
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=www.example.org -keyout "$work/key" -out "$work/cert" 2>/dev/null
cat >"$work/nginx.conf" <<END
user root;
daemon off;
pid $work/pid;
error_log stderr;
events {}
http {
  access_log off;
  server {
    listen 443 ssl http2;
    ssl_certificate $work/cert;
    ssl_certificate_key $work/key;
    ssl_protocols TLSv1.3;
    root $work/www;
  }
}
END
serve nginx -p "$work" -c "$work/nginx.conf"
wait_for 443
capture
on_client curl -sk --resolve "www.example.org:443:$server_ip" --http2 https://www.example.org/ -o /dev/null
finish
