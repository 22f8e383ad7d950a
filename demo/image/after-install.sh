#!/bin/sh
# Makes the image's own files: certificate, keys, web pages, service settings; drops what no guest needs.
set -eu
root=$1
here=$(dirname "$(readlink -f "$0")")
cp -a "$here/root/." "$root/"
chmod 755 "$root/usr/sbin/demo-init" "$root/usr/lib/demo/"*

chroot "$root" openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -batch \
  -subj /CN=web.demo.test -keyout /etc/ssl/private/demo.key -out /etc/ssl/certs/demo.pem 2> /dev/null
mkdir -p "$root/root/.ssh"
rm -f "$root/etc/ssh/ssh_host_rsa_key" "$root/etc/ssh/ssh_host_rsa_key.pub"
chroot "$root" ssh-keygen -q -t ed25519 -N '' -f /root/.ssh/id_ed25519
cp "$root/root/.ssh/id_ed25519.pub" "$root/root/.ssh/authorized_keys"
chmod 700 "$root/root" "$root/root/.ssh"
chown -R 0:0 "$root/root" "$root/usr/sbin/demo-init" "$root/usr/lib/demo"

pg=$root/etc/postgresql/15/main
printf "listen_addresses = '*'\nshared_buffers = 8MB\nmax_connections = 20\nfsync = off\njit = off\nautovacuum = off\nunix_socket_directories = '/run'\nmax_wal_size = 8MB\nmin_wal_size = 2MB\n" >> "$pg/postgresql.conf"
printf 'local all all trust\nhost all all 0.0.0.0/0 trust\n' > "$pg/pg_hba.conf"
rm -f "$root/etc/nginx/sites-enabled/default" "$root/etc/resolv.conf"
printf 'demo\n' > "$root/etc/hostname"

rm -rf "$root"/usr/lib/x86_64-linux-gnu/libLLVM-* "$root"/usr/lib/x86_64-linux-gnu/libz3.so* \
  "$root"/usr/lib/postgresql/15/lib/llvmjit* "$root"/usr/lib/postgresql/15/lib/bitcode \
  "$root"/usr/share/doc "$root"/usr/share/man "$root"/usr/share/i18n "$root"/var/cache/apt "$root"/var/lib/apt/lists \
  "$root"/var/lib/dpkg/info "$root"/usr/sbin/policy-rc.d
