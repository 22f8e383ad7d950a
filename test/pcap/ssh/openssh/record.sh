#!/bin/bash
# One command over OpenSSH with a key, and one login that is refused.
. "$(dirname "$0")/../../stage.sh"
ssh-keygen -q -t ed25519 -N '' -f "$work/host"
ssh-keygen -q -t ed25519 -N '' -f "$work/user"
cp "$work/user.pub" "$work/authorized"
mkdir -p /run/sshd
serve /usr/sbin/sshd -D -e -f /dev/null -p 22 -h "$work/host" -o "AuthorizedKeysFile=$work/authorized" -o StrictModes=no -o "PidFile=$work/pid"
wait_for 22
capture
options=(-F /dev/null -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o BatchMode=yes -o IdentitiesOnly=yes)
on_client ssh "${options[@]}" -i "$work/user" "root@$server_ip" true 2>/dev/null
on_client ssh "${options[@]}" -i "$work/host" "root@$server_ip" true 2>/dev/null || true
finish
