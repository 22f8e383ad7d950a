#!/bin/bash
# MariaDB: a query, a login that is refused, a ping.
. "$(dirname "$0")/../../stage.sh"
mariadb-install-db --no-defaults --datadir="$work/data" --auth-root-authentication-method=normal --skip-test-db --user=root >/dev/null 2>&1
serve mariadbd --no-defaults --datadir="$work/data" --socket="$work/socket" --pid-file="$work/pid" --user=root --port=3306 --bind-address=0.0.0.0
wait_for 3306
mariadb --no-defaults -S "$work/socket" -u root -e "CREATE DATABASE shop; CREATE USER web@'%' IDENTIFIED BY 'secret'; GRANT ALL ON shop.* TO web@'%'"
capture
on_client mariadb --no-defaults -h "$server_ip" -u web -psecret shop -e 'SELECT 1; CREATE TABLE a (b INT); SELECT * FROM a' >/dev/null
on_client mariadb --no-defaults -h "$server_ip" -u web -pwrong shop -e 'SELECT 1' >/dev/null 2>&1 || true
on_client mariadb-admin --no-defaults -h "$server_ip" -u web -psecret ping >/dev/null
finish
