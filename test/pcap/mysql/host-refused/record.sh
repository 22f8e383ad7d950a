#!/bin/bash
# MariaDB refuses the client's host before any login.
. "$(dirname "$0")/../../stage.sh"
use mariadb
mariadb_serve 3306
capture
on_client mariadb --no-defaults -h "$server_ip" -u root -e 'SELECT 1' >/dev/null 2>&1 || true
finish
