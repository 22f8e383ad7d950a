#!/bin/bash
# Apache with HTTP/1.1: a page, a redirect, a page that is not there, a request of HTTP/1.0.
. "$(dirname "$0")/../../stage.sh"
use apache
apache_serve 'Protocols http/1.1' "Redirect /old http://$server_ip/"
capture
on_client curl -sL "http://$server_ip/old" "http://$server_ip/none" -o /dev/null -o /dev/null
on_client curl -s0 "http://$server_ip/" -o /dev/null
finish
