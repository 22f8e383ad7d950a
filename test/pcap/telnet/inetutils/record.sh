#!/bin/bash
# A login that fails, and the end of the connection.
. "$(dirname "$0")/../../stage.sh"
needs telnetd inetutils-telnet openbsd-inetd
echo "telnet stream tcp nowait root /usr/sbin/telnetd telnetd" >"$work/inetd.conf"
serve inetd -d "$work/inetd.conf"
wait_for 23
capture
(sleep 1; printf 'nobody\r'; sleep 1; printf 'wrong\r'; sleep 4; printf '\035'; sleep 0.3; echo quit) |
  on_client timeout 15 telnet "$server_ip" >/dev/null 2>&1 || true
finish
