# MariaDB with an empty root password. Gives mariadb_serve PORT [OPTION]…, mariadb_sql STATEMENTS.
needs mariadb-server mariadb-client

mariadb_serve() {
  local port=$1
  shift
  mariadb-install-db --no-defaults --datadir="$work/data" --auth-root-authentication-method=normal --skip-test-db \
    --user=root >/dev/null 2>&1
  serve mariadbd --no-defaults --datadir="$work/data" --socket="$work/socket" --pid-file="$work/pid" --user=root \
    --port="$port" --bind-address=0.0.0.0 "$@"
  wait_for "$port"
}

mariadb_sql() { mariadb --no-defaults -S "$work/socket" -u root -e "$1"; }
