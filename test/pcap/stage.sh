# Sourced by a case's record.sh: two network namespaces joined by a veth pair, a private directory for servers,
# and tcpdump at the server's end. Everything is taken down at exit, by the ids of what was started here.
# Gives: on_client CMD…, on_server CMD… (foreground), serve CMD… (server in the background), wait_for PORT,
# capture [FILTER] (to capture.pcap beside record.sh), $work (private), $client_ip, $server_ip, $server_ip6.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
client_ns=vmoat-case-c-$$ server_ns=vmoat-case-s-$$
client_ip=10.9.0.1 server_ip=10.9.0.2 client_ip6=fd00:9::1 server_ip6=fd00:9::2
work=$(mktemp -d /tmp/vmoat-case.XXXXXX)
chmod 755 "$work"
pids=()

on_client() { ip netns exec "$client_ns" "$@"; }
on_server() { ip netns exec "$server_ns" "$@"; }

strike() {
  local pid
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
  ip netns del "$client_ns" 2>/dev/null || true
  ip netns del "$server_ns" 2>/dev/null || true
  rm -rf "$work"
}
trap strike EXIT

serve() {
  ip netns exec "$server_ns" "$@" >>"$work/log" 2>&1 &  # not by on_server: $! must be the server itself
  pids+=($!)
}

wait_for() { # PORT
  local tries
  for tries in $(seq 200); do
    [ -n "$(on_server ss -Hlnt "sport = :$1")" ] && return
    sleep 0.1
  done
  cat "$work/log" >&2
  echo "nothing listens on port $1" >&2
  return 1
}

capture() { # [FILTER]; the kernel's own multicast reports (a hop-by-hop header) come whenever they like
  ip netns exec "$server_ns" tcpdump --immediate-mode -Z root -U -s 0 -i eth0 -w "$here/capture.pcap" "${1:-not (ip6 and ip6[6] = 0)}" 2>"$work/tcpdump" &
  capture_pid=$!
  pids+=("$capture_pid")
  until grep -qs 'listening on' "$work/tcpdump"; do sleep 0.05; done
}

finish() { # lets the last packets arrive
  sleep 0.5
  kill "$capture_pid"
  wait "$capture_pid" || true
  tail -3 "$work/tcpdump" | head -1
}

ip netns add "$client_ns"
ip netns add "$server_ns"
ip -n "$client_ns" link add eth0 address 52:54:00:00:09:01 type veth \
  peer name eth0 netns "$server_ns" address 52:54:00:00:09:02
for side in client server; do
  ns=${side}_ns ip=${side}_ip ip6=${side}_ip6
  ip -n "${!ns}" link set eth0 addrgenmode none
  ip -n "${!ns}" addr add "${!ip}/24" dev eth0
  ip -n "${!ns}" addr add "${!ip6}/64" dev eth0 nodad
  ip -n "${!ns}" link set lo up
  ip -n "${!ns}" link set eth0 up
  # Frames as on a wire: no super-frames, whole checksums.
  ip netns exec "${!ns}" ethtool -K eth0 tso off gso off gro off tx off >/dev/null 2>&1
done
