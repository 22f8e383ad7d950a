#!/bin/bash
# One command over OpenSSH with a key, and one login that is refused.
. "$(dirname "$0")/../../stage.sh"
use openssh
openssh_serve
capture
on_client ssh "${ssh_options[@]}" -i "$work/user" "root@$server_ip" true 2>/dev/null
on_client ssh "${ssh_options[@]}" -i "$work/host" "root@$server_ip" true 2>/dev/null || true
finish
