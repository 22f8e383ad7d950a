#!/bin/bash
# A session that makes, reads and deletes a node, and the four-letter words ruok and srvr.
. "$(dirname "$0")/../../stage.sh"
needs zookeeper default-jre-headless socat
printf 'tickTime=2000\ndataDir=%s/data\nclientPort=2181\nclientPortAddress=%s\nadmin.enableServer=false\n4lw.commands.whitelist=*\n' "$work" "$server_ip" >"$work/zoo.cfg"
java=(java -Xmx128m -cp '/etc/zookeeper/conf:/usr/share/java/*')
serve "${java[@]}" org.apache.zookeeper.server.quorum.QuorumPeerMain "$work/zoo.cfg"
wait_for 2181
capture
printf 'create /moat 1\nget /moat\nls /\ndelete /moat\nquit\n' |
  on_client "${java[@]}" org.apache.zookeeper.ZooKeeperMain -server "$server_ip:2181" >/dev/null 2>&1
for word in ruok srvr; do printf $word | on_client socat -t 1 - "TCP:$server_ip:2181" >/dev/null; done
finish
