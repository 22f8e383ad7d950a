#!/bin/bash
# etcd's older interface, JSON over HTTP/1.1, and its version.
. "$(dirname "$0")/../../stage.sh"
use etcd
needs curl
etcd_serve --enable-v2
capture
on_client curl -s -X PUT "http://$server_ip:2379/v2/keys/moat" -d value=1 -o /dev/null
on_client curl -s "http://$server_ip:2379/v2/keys/moat" -o /dev/null
on_client curl -s "http://$server_ip:2379/version" -o /dev/null
finish
