#!/bin/bash
# The capture begins between two queries of a connection to MariaDB.
. "$(dirname "$0")/../../stage.sh"
mariadb-install-db --no-defaults --datadir="$work/data" --auth-root-authentication-method=normal --skip-test-db --user=root >/dev/null 2>&1
serve mariadbd --no-defaults --datadir="$work/data" --socket="$work/socket" --pid-file="$work/pid" --user=root --port=3306 --bind-address=0.0.0.0
wait_for 3306
mariadb --no-defaults -S "$work/socket" -u root -e "CREATE USER web@'%' IDENTIFIED BY 'secret'"
mkfifo "$work/queries"
ip netns exec "$client_ns" mariadb --no-defaults -n -h "$server_ip" -u web -psecret <"$work/queries" >/dev/null &
pids+=($!)
exec 3>"$work/queries"
echo 'SELECT 1;' >&3
sleep 0.7
capture
echo 'SELECT 2;' >&3
sleep 0.5
exec 3>&-
finish
