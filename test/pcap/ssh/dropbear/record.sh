#!/bin/bash
# A command by Dropbear's own client with a key, and OpenSSH's client that is refused.
. "$(dirname "$0")/../../stage.sh"
use openssh
needs dropbear-bin
for name in host user; do dropbearkey -t ed25519 -f "$work/$name" >/dev/null; done
mkdir -m 700 "$work/root" "$work/root/.ssh"
dropbearkey -y -f "$work/user" | grep '^ssh-' >"$work/root/.ssh/authorized_keys"
chmod 600 "$work/root/.ssh/authorized_keys"
# It looks for keys at home only: a private home.
serve sh -c "mount --bind '$work/root' /root && exec dropbear -F -E -r '$work/host' -p 22 -P '$work/pid'"
wait_for 22
capture
on_client dbclient -y -i "$work/user" "root@$server_ip" true 2>/dev/null
on_client ssh "${ssh_options[@]}" "root@$server_ip" true 2>/dev/null || true
finish
