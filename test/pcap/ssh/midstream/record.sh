#!/bin/bash
# The capture begins in a running session of OpenSSH: nothing but ciphertext, which nobody may name.
. "$(dirname "$0")/../../stage.sh"
use openssh
openssh_serve
run_client ssh "${ssh_options[@]}" -i "$work/user" "root@$server_ip" 'sleep 1; seq 2000; sleep 0.3'
sleep 0.7
capture
sleep 1.5
finish
