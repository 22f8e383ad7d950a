#!/bin/bash
# nginx speaks TLS 1.2, with HTTP/1.1 by ALPN.
. "$(dirname "$0")/../../stage.sh"
use nginx
certificate www.example.org
nginx_serve '443 ssl http2' 'ssl_protocols TLSv1.2;'
capture
on_client curl -sk --resolve "www.example.org:443:$server_ip" --http1.1 https://www.example.org/ -o /dev/null
finish
