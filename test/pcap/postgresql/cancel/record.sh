#!/bin/bash
# PostgreSQL: a long query is cancelled, over a connection of its own.
. "$(dirname "$0")/../../stage.sh"
use postgresql
postgresql_data
postgresql_serve 5432
postgresql_sql "CREATE USER web PASSWORD 'secret'"
capture
export PGPASSWORD=secret PGSSLMODE=disable
on_client timeout -s INT --foreground 1 psql -qh "$server_ip" -U web postgres -c 'SELECT pg_sleep(30)' >/dev/null 2>&1 || true
finish
