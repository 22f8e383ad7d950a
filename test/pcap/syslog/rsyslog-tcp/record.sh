#!/bin/bash
# Messages of both formats over TCP, ended by a line feed and counted in octets (RFC 6587).
. "$(dirname "$0")/../../stage.sh"
use rsyslog
rsyslog_serve
capture
for format in --rfc3164 --rfc5424; do
  on_client logger -T -n "$server_ip" -P 514 $format -t cron 'job ended'
  on_client logger -T -n "$server_ip" -P 514 $format --octet-count -t cron 'job ended'
done
finish
