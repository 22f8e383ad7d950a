#!/bin/bash
# curl asks for a page by HTTP/1.1 and switches to HTTP/2 in clear (h2c).
. "$(dirname "$0")/../../stage.sh"
use apache
apache_serve 'Protocols h2c http/1.1'
capture
on_client curl -s --http2 "http://$server_ip/" "http://$server_ip/none" -o /dev/null -o /dev/null
finish
