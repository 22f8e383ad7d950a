#!/bin/bash
# Two peers exchange their capabilities, watch each other and part.
. "$(dirname "$0")/../../stage.sh"
needs freediameterd openssl
for peer in client server; do
  certificate $peer.example.org
  mv "$work/cert" "$work/$peer.cert"
  mv "$work/key" "$work/$peer.key"
done
for peer in client server; do
  [ $peer = client ] && other=server || other=client
  address=${other}_ip
  cat >"$work/$peer.conf" <<END
Identity = "$peer.example.org";
Realm = "example.org";
Port = 3868;
SecPort = 0;
No_SCTP;
No_IPv6;
TwTimer = 6;
TLS_Cred = "$work/$peer.cert", "$work/$peer.key";
TLS_CA = "$work/$peer.cert";
ConnectPeer = "$other.example.org" { ConnectTo = "${!address}"; No_TLS; };
END
done
capture
serve freeDiameterd -c "$work/server.conf"
wait_for 3868
run_client freeDiameterd -c "$work/client.conf"
sleep 14
kill "$client_pid"
sleep 2
finish
