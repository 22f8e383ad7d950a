#!/bin/sh
# Lays down settings that the packages' own set-up reads: small databases, and no service that starts.
set -eu
root=$1
mkdir -p "$root/etc/mysql/conf.d" "$root/etc/postgresql-common"
printf '[mariadbd]\ninnodb_log_file_size=4M\nperformance_schema=off\n' > "$root/etc/mysql/conf.d/small.cnf"
printf "initdb_options = '--wal-segsize=1 --no-sync'\nstart_conf = 'manual'\nssl = off\n" > "$root/etc/postgresql-common/createcluster.conf"
printf '#!/bin/sh\nexit 101\n' > "$root/usr/sbin/policy-rc.d"
chmod 755 "$root/usr/sbin/policy-rc.d"
