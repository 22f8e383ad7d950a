#!/bin/bash
# MariaDB refuses five logins of one client.
. "$(dirname "$0")/../../stage.sh"
use mariadb
mariadb_serve 3306
mariadb_sql "CREATE USER web@'%' IDENTIFIED BY 'secret'"
capture
for word in one two three four five; do
  on_client mariadb --no-defaults -h "$server_ip" -u web "-p$word" -e 'SELECT 1' >/dev/null 2>&1 || true
done
finish
