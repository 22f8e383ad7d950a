#!/bin/bash
# The capture begins in a running session of OpenSSH: nothing but ciphertext, which nobody may name.
. "$(dirname "$0")/../../stage.sh"
ssh-keygen -q -t ed25519 -N '' -f "$work/host"
ssh-keygen -q -t ed25519 -N '' -f "$work/user"
cp "$work/user.pub" "$work/authorized"
mkdir -p /run/sshd
serve /usr/sbin/sshd -D -e -f /dev/null -p 22 -h "$work/host" -o "AuthorizedKeysFile=$work/authorized" -o StrictModes=no -o "PidFile=$work/pid"
wait_for 22
on_client ssh -F /dev/null -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o BatchMode=yes -i "$work/user" \
  "root@$server_ip" 'sleep 1; seq 2000; sleep 0.3' >/dev/null 2>&1 &
pids+=($!)
sleep 0.7
capture
sleep 1.5
finish
