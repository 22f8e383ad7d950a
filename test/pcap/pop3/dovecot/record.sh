#!/bin/bash
# A login that lists and reads a mail, a login that is refused, and STLS.
. "$(dirname "$0")/../../stage.sh"
use dovecot
dovecot_serve
capture
on_client curl -s -u bob:secret "pop3://$server_ip/1" -o /dev/null
on_client curl -s -u bob:wrong "pop3://$server_ip/" -o /dev/null || true
on_client curl -sk --ssl-reqd -u bob:secret "pop3://$server_ip/" -o /dev/null
finish
