# Sourced by a case's record.sh: two network namespaces joined by a veth pair, a private directory for servers,
# and tcpdump at the server's end. Everything is taken down at exit, by the ids of what was started here.
# Gives: needs PACKAGE…, use SERVER (servers/SERVER.sh), on_client CMD…, on_server CMD… (foreground), serve CMD… and
# run_client CMD… (background), wait_for PORT, wait_for_udp PORT, wait_until CMD…, certificate NAME,
# capture [FILTER] (to capture.pcap beside record.sh), $work (private), $client_ip, $server_ip, $server_ip6.
set -euo pipefail

pcap=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
client_ns=vmoat-case-c-$$ server_ns=vmoat-case-s-$$
client_ip=10.9.0.1 server_ip=10.9.0.2 client_ip6=fd00:9::1 server_ip6=fd00:9::2
work=$(mktemp -d /tmp/vmoat-case.XXXXXX)
chmod 755 "$work"
pids=()

on_client() { ip netns exec "$client_ns" "$@"; }
on_server() { ip netns exec "$server_ns" "$@"; }

ours() { # the processes of both namespaces, also those that left their parent
  ip netns pids "$client_ns" 2>/dev/null || true
  ip netns pids "$server_ns" 2>/dev/null || true
}

strike() {
  local pid tries
  for pid in "${pids[@]}" $(ours); do kill "$pid" 2>/dev/null || true; done
  for tries in $(seq 50); do
    [ -n "$(ours)" ] || break
    sleep 0.1
  done
  for pid in $(ours); do kill -9 "$pid" 2>/dev/null || true; done
  wait 2>/dev/null || true
  ip netns del "$client_ns" 2>/dev/null || true
  ip netns del "$server_ns" 2>/dev/null || true
  rm -rf "$work"
}
trap strike EXIT
trap 'exit 1' INT TERM

serve() { # not by on_server: $! must be the server itself; a server may send signals to its whole process group
  ip netns exec "$server_ns" setsid "$@" >>"$work/log" 2>&1 &
  pids+=($!)
}

run_client() { # a client that stays, in the background, its id in client_pid; reads $input where that is set
  ip netns exec "$client_ns" "$@" <"${input:-/dev/null}" >>"$work/log" 2>&1 &
  client_pid=$!
  pids+=("$client_pid")
}

needs() { # PACKAGE…: installs what is missing of Debian's packages
  local missing=() package
  for package; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
  done
  [ ${#missing[@]} = 0 ] || "$pcap/install.sh" "${missing[@]}"
}

use() { . "$pcap/servers/$1.sh"; }

wait_until() { # CMD…: at most a minute
  local tries
  for tries in $(seq 600); do
    "$@" >/dev/null 2>&1 && return
    sleep 0.1
  done
  tail -50 "$work/log" >&2
  echo "in vain: $*" >&2
  return 1
}

has_listener() { [ -n "$(on_server ss -Hln "$1" "sport = :$2")" ]; }
wait_for() { wait_until has_listener -t "$1"; }
wait_for_udp() { wait_until has_listener -u "$1"; }

certificate() { # NAME: a self-signed one, $work/cert and $work/key
  openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=$1" -keyout "$work/key" -out "$work/cert" 2>/dev/null
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

needs iproute2 ethtool tcpdump openssl
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
