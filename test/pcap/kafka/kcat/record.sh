#!/bin/bash
# A client asks for versions and for the list of topics; a broker built by the specification answers.
. "$(dirname "$0")/../../stage.sh"
needs kcat python3
cat >"$work/broker.py" <<'END'
import socketserver, struct, sys
host = sys.argv[1].encode()
def text(value):
    return struct.pack('>h', len(value)) + value
def versions():  # ApiVersions 0: error, then key, lowest, highest
    known = [(0, 0, 7), (1, 0, 4), (3, 0, 4), (18, 0, 0)]
    return struct.pack('>hi', 0, len(known)) + b''.join(struct.pack('>hhh', *api) for api in known)
def metadata(version):  # brokers, cluster, controller, topics with one partition
    brokers = struct.pack('>ii', 1, 1) + text(host) + struct.pack('>i', 9092) + (struct.pack('>h', -1) if version >= 1 else b'')
    cluster = (text(b'moat') if version >= 2 else b'') + (struct.pack('>i', 1) if version >= 1 else b'')
    partition = struct.pack('>hii', 0, 0, 1) + struct.pack('>ii', 1, 1) * 2
    topic = struct.pack('>h', 0) + text(b'orders') + (b'\0' if version >= 1 else b'') + struct.pack('>i', 1) + partition
    return (struct.pack('>i', 0) if version >= 3 else b'') + brokers + cluster + struct.pack('>i', 1) + topic
class Peer(socketserver.BaseRequestHandler):
    def handle(self):
        while True:
            head = self.request.recv(4, 0x100)
            if len(head) < 4:
                return
            request = self.request.recv(struct.unpack('>i', head)[0], 0x100)
            key, version, correlation = struct.unpack('>hhi', request[:8])
            if key == 18:
                body = versions() if version == 0 else struct.pack('>hi', 35, 1) + struct.pack('>hhh', 18, 0, 0)
            else:
                body = metadata(version)
            self.request.sendall(struct.pack('>ii', 4 + len(body), correlation) + body)
socketserver.ThreadingTCPServer.allow_reuse_address = True
socketserver.ThreadingTCPServer((sys.argv[1], 9092), Peer).serve_forever()
END
serve python3 "$work/broker.py" "$server_ip"
wait_for 9092
capture
on_client kcat -L -b "$server_ip:9092" -X client.id=till-7 -m 5 >>"$work/log" 2>&1
finish
