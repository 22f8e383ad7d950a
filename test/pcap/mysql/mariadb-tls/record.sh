#!/bin/bash
# MariaDB switches to TLS, on PostgreSQL's port.
. "$(dirname "$0")/../../stage.sh"
use mariadb
certificate db
mariadb_serve 5432 --ssl-cert="$work/cert" --ssl-key="$work/key"
mariadb_sql "CREATE USER web@'%' IDENTIFIED BY 'secret'"
capture
on_client mariadb --no-defaults --ssl -h "$server_ip" -P 5432 -u web -psecret -e 'SELECT 1' >/dev/null
finish
