#!/bin/bash
# Messages of both formats (RFC 3164, RFC 5424) over UDP.
. "$(dirname "$0")/../../stage.sh"
use rsyslog
rsyslog_serve
capture
on_client logger -d -n "$server_ip" -P 514 --rfc3164 -p auth.notice -t sshd 'session opened for user alice'
on_client logger -d -n "$server_ip" -P 514 --rfc5424 -p daemon.err -t backup --sd-id backup@32473 --sd-param 'job="7"' 'disk is full'
finish
