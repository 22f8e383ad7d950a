#!/bin/bash
# PostgreSQL: psql logs in by SCRAM and asks something; a wrong password; a database that is not there.
. "$(dirname "$0")/../../stage.sh"
bin=$(echo /usr/lib/postgresql/*/bin)
chown postgres "$work"
as_postgres() { setpriv --reuid=postgres --regid=postgres --init-groups "$@"; }
(cd "$work" && as_postgres "$bin/initdb" -D "$work/data" -A trust -U postgres >/dev/null)
echo "host all all all scram-sha-256" >>"$work/data/pg_hba.conf"
serve setpriv --reuid=postgres --regid=postgres --init-groups "$bin/postgres" -D "$work/data" -k "$work" -h "$server_ip" -p 5432
wait_for 5432
as_postgres psql -qh "$work" -c "CREATE USER web PASSWORD 'secret'" -c 'CREATE DATABASE shop OWNER web'
capture
export PGPASSWORD=secret PGSSLMODE=disable
on_client psql -qh "$server_ip" -U web shop -c 'SELECT 1' >/dev/null
PGPASSWORD=wrong on_client psql -qh "$server_ip" -U web shop -c 'SELECT 1' >/dev/null 2>&1 || true
on_client psql -qh "$server_ip" -U web none -c 'SELECT 1' >/dev/null 2>&1 || true
finish
