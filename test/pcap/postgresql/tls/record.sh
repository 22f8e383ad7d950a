#!/bin/bash
# PostgreSQL: TLS is asked for and given; asked for and refused, going on in clear, on another port.
. "$(dirname "$0")/../../stage.sh"
bin=$(echo /usr/lib/postgresql/*/bin)
chown postgres "$work"
as_postgres() { setpriv --reuid=postgres --regid=postgres --init-groups "$@"; }
(cd "$work" && as_postgres "$bin/initdb" -D "$work/data" -A trust -U postgres >/dev/null)
echo "host all all all scram-sha-256" >>"$work/data/pg_hba.conf"
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=db -keyout "$work/data/server.key" -out "$work/data/server.crt" 2>/dev/null
chown postgres "$work/data/server.key" "$work/data/server.crt"
chmod 600 "$work/data/server.key"
echo 'ssl = on' >>"$work/data/postgresql.conf"
serve setpriv --reuid=postgres --regid=postgres --init-groups "$bin/postgres" -D "$work/data" -k "$work" -h "$server_ip" -p 15432
wait_for 15432
as_postgres psql -qh "$work" -p 15432 -c "CREATE USER web PASSWORD 'secret'"
capture
export PGPASSWORD=secret
PGSSLMODE=require on_client psql -qh "$server_ip" -p 15432 -U web postgres -c 'SELECT 1' >/dev/null
as_postgres psql -qh "$work" -p 15432 -c 'ALTER SYSTEM SET ssl = off' -c 'SELECT pg_reload_conf()' >/dev/null
sleep 0.5
PGSSLMODE=prefer on_client psql -qh "$server_ip" -p 15432 -U web postgres -c 'SELECT 1' >/dev/null
finish
