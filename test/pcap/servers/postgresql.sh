# PostgreSQL that wants SCRAM of whoever comes by the network. Gives postgresql_data, postgresql_serve PORT,
# postgresql_sql STATEMENT…, as_postgres CMD….
needs postgresql postgresql-client
postgresql_bin=$(echo /usr/lib/postgresql/*/bin)

as_postgres() { setpriv --reuid=postgres --regid=postgres --init-groups "$@"; }

postgresql_data() {
  chown postgres "$work"
  (cd "$work" && as_postgres "$postgresql_bin/initdb" -D "$work/data" -A trust -U postgres >/dev/null)
  echo "host all all all scram-sha-256" >>"$work/data/pg_hba.conf"
}

postgresql_serve() {
  postgresql_port=$1
  serve setpriv --reuid=postgres --regid=postgres --init-groups \
    "$postgresql_bin/postgres" -D "$work/data" -k "$work" -h "$server_ip" -p "$postgresql_port"
  wait_for "$postgresql_port"
}

postgresql_sql() {
  local statement
  for statement; do as_postgres psql -qAth "$work" -p "$postgresql_port" -c "$statement"; done
}
