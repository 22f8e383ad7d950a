#!/bin/bash
# A handshake, a ping through the tunnel, and a keep-alive.
. "$(dirname "$0")/../../stage.sh"
needs wireguard-go wireguard-tools iputils-ping
for side in client server; do
  (umask 077 && wg genkey >"$work/$side.key")
  wg pubkey <"$work/$side.key" >"$work/$side.pub"
done
mkdir -p /run/wireguard
start() { # NAMESPACE INTERFACE KEY PEER ADDRESS [PEER-OPTION]…
  local ns=$1 interface=$2 key=$3 peer=$4 address=$5
  shift 5
  ip netns exec "$ns" wireguard-go -f "$interface" >>"$work/log" 2>&1 &
  pids+=($!)
  wait_until ip netns exec "$ns" wg show "$interface"
  ip netns exec "$ns" wg set "$interface" private-key "$work/$key.key" listen-port 51820 peer "$(cat "$work/$peer.pub")" allowed-ips 10.8.0.0/24 "$@"
  ip -n "$ns" addr add "$address/24" dev "$interface"
  ip -n "$ns" link set "$interface" up
}
start "$server_ns" wgs$$ server client 10.8.0.2
capture 'udp'
start "$client_ns" wgc$$ client server 10.8.0.1 endpoint "$server_ip:51820" persistent-keepalive 1
sleep 0.5
on_client ping -c 3 -i 0.3 10.8.0.2 >/dev/null
sleep 2
finish
