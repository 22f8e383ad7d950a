#!/bin/bash
# PostgreSQL: TLS is asked for and given; asked for and refused, going on in clear, on another port.
. "$(dirname "$0")/../../stage.sh"
use postgresql
postgresql_data
certificate db
install -o postgres -m 600 "$work/key" "$work/data/server.key"
install -o postgres "$work/cert" "$work/data/server.crt"
echo 'ssl = on' >>"$work/data/postgresql.conf"
postgresql_serve 15432
postgresql_sql "CREATE USER web PASSWORD 'secret'"
capture
export PGPASSWORD=secret
PGSSLMODE=require on_client psql -qh "$server_ip" -p 15432 -U web postgres -c 'SELECT 1' >/dev/null
postgresql_sql 'ALTER SYSTEM SET ssl = off' 'SELECT pg_reload_conf()' >/dev/null
sleep 0.5
PGSSLMODE=prefer on_client psql -qh "$server_ip" -p 15432 -U web postgres -c 'SELECT 1' >/dev/null
finish
