#!/bin/bash
# A login that reads a mail, a login that is refused, and STARTTLS.
. "$(dirname "$0")/../../stage.sh"
use dovecot
dovecot_serve
capture
on_client curl -s -u bob:secret "imap://$server_ip/INBOX;MAILINDEX=1" -o /dev/null
on_client curl -s -u bob:wrong "imap://$server_ip/" -o /dev/null || true
on_client curl -sk --ssl-reqd -u bob:secret "imap://$server_ip/" -o /dev/null
finish
