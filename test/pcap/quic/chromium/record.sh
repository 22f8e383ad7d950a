#!/bin/bash
# Chromium opens HTTP/3 to a server that never answers: its hello comes in two datagrams, the frames in disorder.
. "$(dirname "$0")/../../stage.sh"
needs chromium socat
serve socat UDP4-RECV:443 SYSTEM:'cat > /dev/null'
wait_for_udp 443
capture 'udp port 443'
input=/dev/null
run_client timeout -k 2 20 chromium --headless --no-sandbox --disable-gpu --no-first-run --user-data-dir="$work/profile" \
  --enable-quic --origin-to-force-quic-on=www.example.org:443 \
  --host-resolver-rules="MAP www.example.org $server_ip, MAP * ~NOTFOUND" --timeout=8000 \
  --dump-dom https://www.example.org/
wait "$client_pid" || true
finish
