#!/bin/bash
# PostgreSQL: psql logs in by SCRAM and asks something; a wrong password; a database that is not there.
. "$(dirname "$0")/../../stage.sh"
use postgresql
postgresql_data
postgresql_serve 5432
postgresql_sql "CREATE USER web PASSWORD 'secret'" 'CREATE DATABASE shop OWNER web'
capture
export PGPASSWORD=secret PGSSLMODE=disable
on_client psql -qh "$server_ip" -U web shop -c 'SELECT 1' >/dev/null
PGPASSWORD=wrong on_client psql -qh "$server_ip" -U web shop -c 'SELECT 1' >/dev/null 2>&1 || true
on_client psql -qh "$server_ip" -U web none -c 'SELECT 1' >/dev/null 2>&1 || true
finish
