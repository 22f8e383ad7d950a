#!/bin/bash
# A password is wanted, on a port of another protocol: refused without, wrong, right.
. "$(dirname "$0")/../../stage.sh"
needs redis-server
serve redis-server --port 3306 --dir "$work" --save '' --protected-mode no --requirepass secret
wait_for 3306
capture
on_client redis-cli -h "$server_ip" -p 3306 GET key >/dev/null
on_client redis-cli -h "$server_ip" -p 3306 --no-auth-warning -a wrong GET key >/dev/null 2>&1
on_client redis-cli -h "$server_ip" -p 3306 --no-auth-warning -a secret GET key >/dev/null
finish
