#!/bin/bash
# MariaDB refuses the client's host before any login.
. "$(dirname "$0")/../../stage.sh"
mariadb-install-db --no-defaults --datadir="$work/data" --auth-root-authentication-method=normal --skip-test-db --user=root >/dev/null 2>&1
serve mariadbd --no-defaults --datadir="$work/data" --socket="$work/socket" --pid-file="$work/pid" --user=root --port=3306 --bind-address=0.0.0.0
wait_for 3306
capture
on_client mariadb --no-defaults -h "$server_ip" -u root -e 'SELECT 1' >/dev/null 2>&1 || true
finish
