#!/bin/bash
# A client of TDS 7.4 and one of TDS 5.0 (Sybase) log in; a server built by the specification accepts them.
. "$(dirname "$0")/../../stage.sh"
needs freetds-bin python3
cat >"$work/server.py" <<'END'
import socketserver, struct, sys
def packet(kind, body):
    return struct.pack('>BBHHBB', kind, 1, 8 + len(body), 0, 1, 0) + body
def prelogin():  # version 15.0.2000.5, no encryption, default instance (2.2.6.5)
    options = [(0, b'\x0f\x00\x07\xd0\x00\x05'), (1, b'\x02'), (2, b'\0'), (3, b''), (4, b'\0')]
    offset, head, data = 5 * len(options) + 1, b'', b''
    for token, value in options:
        head += struct.pack('>BHH', token, offset + len(data), len(value))
        data += value
    return head + b'\xff' + data
def login(version):  # LOGINACK (2.2.7.14) and DONE (2.2.7.6)
    old = version == 5
    name = b'moat' if old else 'moat'.encode('utf-16le')
    ack = struct.pack('>BI', 5 if old else 1, 0x05000000 if old else 0x74000004) + bytes([4]) + name + b'\x0f\0\x07\xd0'
    return b'\xad' + struct.pack('<H', len(ack)) + ack + done(old)
def done(old):
    return b'\xfd' + struct.pack('<HHI' if old else '<HHQ', 0, 0, 0)
class Peer(socketserver.BaseRequestHandler):
    def handle(self):
        old = False
        while True:
            body, last = b'', 0
            while not last:
                head = self.request.recv(8, 0x100)
                if len(head) < 8:
                    return
                kind, last, size = struct.unpack('>BBH', head[:4])
                body += self.request.recv(size - 8, 0x100) if size > 8 else b''
            old = old or kind == 2
            answer = prelogin() if kind == 0x12 else login(5 if old else 7) if kind in (0x10, 2) else done(old)
            self.request.sendall(packet(4, answer))
socketserver.ThreadingTCPServer.allow_reuse_address = True
socketserver.ThreadingTCPServer((sys.argv[1], 1433), Peer).serve_forever()
END
printf '[global]\nencryption = off\n' >"$work/freetds.conf"
export FREETDSCONF=$work/freetds.conf
serve python3 "$work/server.py" "$server_ip"
wait_for 1433
capture
for version in 7.4 5.0; do
  echo exit | TDSVER=$version on_client timeout 10 tsql -H "$server_ip" -p 1433 -U web -P secret >>"$work/log" 2>&1 || true
done
finish
