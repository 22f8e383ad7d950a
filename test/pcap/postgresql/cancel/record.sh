#!/bin/bash
# PostgreSQL: a long query is cancelled, over a connection of its own.
. "$(dirname "$0")/../../stage.sh"
bin=$(echo /usr/lib/postgresql/*/bin)
chown postgres "$work"
as_postgres() { setpriv --reuid=postgres --regid=postgres --init-groups "$@"; }
(cd "$work" && as_postgres "$bin/initdb" -D "$work/data" -A trust -U postgres >/dev/null)
echo "host all all all scram-sha-256" >>"$work/data/pg_hba.conf"
serve setpriv --reuid=postgres --regid=postgres --init-groups "$bin/postgres" -D "$work/data" -k "$work" -h "$server_ip" -p 5432
wait_for 5432
as_postgres psql -qh "$work" -c "CREATE USER web PASSWORD 'secret'"
capture
export PGPASSWORD=secret PGSSLMODE=disable
on_client timeout -s INT --foreground 1 psql -qh "$server_ip" -U web postgres -c 'SELECT pg_sleep(30)' >/dev/null 2>&1 || true
finish
