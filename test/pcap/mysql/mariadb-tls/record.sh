#!/bin/bash
# MariaDB switches to TLS, on PostgreSQL's port.
. "$(dirname "$0")/../../stage.sh"
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=db -keyout "$work/key" -out "$work/cert" 2>/dev/null
mariadb-install-db --no-defaults --datadir="$work/data" --auth-root-authentication-method=normal --skip-test-db --user=root >/dev/null 2>&1
serve mariadbd --no-defaults --datadir="$work/data" --socket="$work/socket" --pid-file="$work/pid" --user=root --port=5432 --bind-address=0.0.0.0 --ssl-cert="$work/cert" --ssl-key="$work/key"
wait_for 5432
mariadb --no-defaults -S "$work/socket" -u root -e "CREATE USER web@'%' IDENTIFIED BY 'secret'"
capture
on_client mariadb --no-defaults --ssl -h "$server_ip" -P 5432 -u web -psecret -e 'SELECT 1' >/dev/null
finish
