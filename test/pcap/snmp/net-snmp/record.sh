#!/bin/bash
# Versions 1, 2c and 3: get, get-bulk, a set, a wrong user, a trap.
. "$(dirname "$0")/../../stage.sh"
use snmpd
snmpd_serve
capture
on_client snmpget -v 1 -c public "$server_ip" 1.3.6.1.2.1.1.6.0 >/dev/null
on_client snmpbulkget -v 2c -c public -Cr5 "$server_ip" 1.3.6.1.2.1.1 >/dev/null
on_client snmpset -v 2c -c private "$server_ip" 1.3.6.1.2.1.1.9.1.3.1 s x >/dev/null 2>&1 || true
on_client snmpget -v 3 -l authPriv -u alice -a SHA-256 -A authsecret -x AES -X privsecret "$server_ip" 1.3.6.1.2.1.1.6.0 >/dev/null
on_client snmpget -v 3 -l authNoPriv -u mallory -a SHA-256 -A authsecret "$server_ip" 1.3.6.1.2.1.1.6.0 >/dev/null 2>&1 || true
on_client snmptrap -v 2c -c public "$server_ip" '' 1.3.6.1.6.3.1.1.5.3 1.3.6.1.2.1.2.2.1.1 i 1
finish
