#!/bin/bash
# The capture begins between two queries of a connection to MariaDB.
. "$(dirname "$0")/../../stage.sh"
use mariadb
mariadb_serve 3306
mariadb_sql "CREATE USER web@'%' IDENTIFIED BY 'secret'"
mkfifo "$work/queries"
input=$work/queries run_client mariadb --no-defaults -n -h "$server_ip" -u web -psecret
exec 3>"$work/queries"
echo 'SELECT 1;' >&3
sleep 0.7
capture
echo 'SELECT 2;' >&3
sleep 0.5
exec 3>&-
finish
