#!/bin/bash
# MariaDB: a query, a login that is refused, a ping.
. "$(dirname "$0")/../../stage.sh"
use mariadb
mariadb_serve 3306
mariadb_sql "CREATE DATABASE shop; CREATE USER web@'%' IDENTIFIED BY 'secret'; GRANT ALL ON shop.* TO web@'%'"
capture
on_client mariadb --no-defaults -h "$server_ip" -u web -psecret shop -e 'SELECT 1; CREATE TABLE a (b INT); SELECT * FROM a' >/dev/null
on_client mariadb --no-defaults -h "$server_ip" -u web -pwrong shop -e 'SELECT 1' >/dev/null 2>&1 || true
on_client mariadb-admin --no-defaults -h "$server_ip" -u web -psecret ping >/dev/null
finish
