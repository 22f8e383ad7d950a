#!/bin/bash
# A peer asks a tracker by HTTP, finds the other and fetches a file from it; both speak DHT. A second peer does so in
# clear, the first one encrypts.
. "$(dirname "$0")/../../stage.sh"
needs aria2 transmission-cli python3
mkdir "$work/seed" "$work/leech" "$work/second"
seq 1500 >"$work/seed/numbers"
cat >"$work/tracker.py" <<END
import http.server
class Tracker(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'd8:intervali1800e5:peers6:' + bytes([10, 9, 0, 2, 0x1a, 0xe1]) + b'e')
http.server.HTTPServer(('$server_ip', 6969), Tracker).serve_forever()
END
(cd "$work" && transmission-create -t "http://$server_ip:6969/announce" -o numbers.torrent seed/numbers >/dev/null)
serve python3 "$work/tracker.py"
wait_for 6969
aria2=(aria2c -q --no-conf --enable-peer-exchange=false --bt-enable-lpd=false --enable-dht --dht-file-path="$work/dht")
ip -n "$server_ns" route add default dev eth0
ip -n "$client_ns" route add default dev eth0
serve "${aria2[@]}1" -V --seed-ratio=0 -d "$work/seed" --listen-port=6881 --dht-listen-port=6881 "$work/numbers.torrent"
wait_for 6881
sleep 1
capture 'not arp and host 10.9.0.1 and host 10.9.0.2'
on_client timeout 30 "${aria2[@]}2" --seed-time=0 -d "$work/leech" --listen-port=6882 --dht-listen-port=6882 \
  --dht-entry-point="$server_ip:6881" "$work/numbers.torrent"
mkdir "$work/transmission"
echo '{"encryption": 0, "utp-enabled": false, "dht-enabled": false}' >"$work/transmission/settings.json"
run_client transmission-cli -g "$work/transmission" -et -M -p 6883 -w "$work/second" "$work/numbers.torrent"
wait_until cmp "$work/seed/numbers" "$work/second/numbers"
kill "$client_pid"
finish
