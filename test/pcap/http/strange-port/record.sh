#!/bin/bash
# Python's HTTP/1.0 server on PostgreSQL's port.
. "$(dirname "$0")/../../stage.sh"
needs python3 curl
mkdir "$work/www"
serve python3 -m http.server -d "$work/www" 5432
wait_for 5432
capture
on_client curl -s "http://$server_ip:5432/" -o /dev/null
finish
