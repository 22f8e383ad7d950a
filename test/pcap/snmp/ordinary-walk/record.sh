#!/bin/bash
# A monitoring system walks the tree of system and interfaces.
. "$(dirname "$0")/../../stage.sh"
use snmpd
snmpd_serve
capture
on_client snmpwalk -v 2c -c public "$server_ip" 1.3.6.1.2.1.1 >/dev/null
on_client snmpbulkwalk -v 2c -c public "$server_ip" 1.3.6.1.2.1.2.2 >/dev/null
on_client snmpbulkwalk -v 3 -l authPriv -u alice -a SHA-256 -A authsecret -x AES -X privsecret "$server_ip" 1.3.6.1.2.1.4.20 >/dev/null
finish
