#!/bin/bash
# rsync carries thirty small files over ssh, then again after one has changed; three commands follow, each with a
# login of its own.
. "$(dirname "$0")/../../stage.sh"
use openssh
needs rsync
openssh_serve
mkdir "$work/from"
for i in $(seq 30); do seq "$i" 60 >"$work/from/file-$i"; done
capture
shell="ssh ${ssh_options[*]} -i $work/user"
for round in 1 2; do
  on_client rsync -a -e "$shell" "$work/from/" "root@$server_ip:$work/to/" 2>/dev/null
  echo changed >"$work/from/file-1"
done
for i in $(seq 3); do on_client ssh "${ssh_options[@]}" -i "$work/user" "root@$server_ip" true 2>/dev/null; done
finish
