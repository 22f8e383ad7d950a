#!/bin/bash
# Two clients meet in a channel; one says something and leaves.
. "$(dirname "$0")/../../stage.sh"
needs ngircd socat
printf '[Global]\nName = irc.example.org\nInfo = test\nPorts = 6667\nListen = %s\nServerUID = root\nServerGID = root\n[Options]\nDNS = no\nIdent = no\nPAM = no\n' "$server_ip" >"$work/ngircd.conf"
serve ngircd -n -f "$work/ngircd.conf"
wait_for 6667
capture
for nick in alice bob; do
  (printf 'NICK %s\r\nUSER %s 0 * :%s\r\n' "$nick" "$nick" "$nick"; sleep 1.5; printf 'JOIN #moat\r\n'; sleep 0.5
    printf 'PRIVMSG #moat :hello from %s\r\n' "$nick"; sleep 0.5; printf 'QUIT :bye\r\n'; sleep 0.5) |
    on_client socat -t 1 - "TCP:$server_ip:6667" >/dev/null &
done
sleep 5
finish
