#!/bin/bash
# A client asks for options, starts a session and is told that the server is overloaded; the server is built by the
# specification.
. "$(dirname "$0")/../../stage.sh"
needs python3-cassandra
cat >"$work/server.py" <<'END'
import socketserver, struct, sys
def text(value):
    return struct.pack('>H', len(value)) + value
def texts(values):
    return struct.pack('>H', len(values)) + b''.join(map(text, values))
supported = struct.pack('>H', 2) + text(b'COMPRESSION') + texts([]) + text(b'CQL_VERSION') + texts([b'3.4.4'])
class Peer(socketserver.BaseRequestHandler):
    def handle(self):
        while True:
            head = self.request.recv(9, 0x100)
            if len(head) < 9:
                return
            version, _, stream, code, size = struct.unpack('>BBhBI', head)
            if size:
                self.request.recv(size, 0x100)
            if version != 4:  # protocol error: the client tries version 4
                answers = 0, struct.pack('>I', 10) + text(b'Invalid or unsupported protocol version')
            else:
                overloaded = 0, struct.pack('>I', 0x1001) + text(b'overloaded')
                answers = {5: (6, supported), 1: (2, b''), 11: (2, b'')}.get(code, overloaded)
            kind, body = answers
            self.request.sendall(struct.pack('>BBhBI', 0x84, 0, stream, kind, len(body)) + body)
socketserver.ThreadingTCPServer.allow_reuse_address = True
socketserver.ThreadingTCPServer((sys.argv[1], 9042), Peer).serve_forever()
END
cat >"$work/client.py" <<'END'
import sys
from cassandra.cluster import Cluster
try:
    Cluster([sys.argv[1]], protocol_version=4, connect_timeout=3).connect()
except Exception as error:
    print(error)
END
serve /usr/bin/python3 "$work/server.py" "$server_ip"
wait_for 9042
capture
on_client timeout 20 /usr/bin/python3 "$work/client.py" "$server_ip" >>"$work/log" 2>&1 || true
finish
