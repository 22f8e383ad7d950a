#!/bin/bash
# IMAP within TLS, which nothing names but the port.
. "$(dirname "$0")/../../stage.sh"
use dovecot
dovecot_serve
capture
on_client curl -sk -u bob:secret "imaps://$server_ip/" -o /dev/null
finish
