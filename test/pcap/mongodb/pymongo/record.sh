#!/bin/bash
# A client greets by OP_QUERY, then inserts and finds by OP_MSG; a server built by the specification answers.
. "$(dirname "$0")/../../stage.sh"
needs python3-pymongo
cat >"$work/server.py" <<'END'
import socketserver, struct, sys
import bson
hello = {'ismaster': True, 'maxBsonObjectSize': 16777216, 'maxMessageSizeBytes': 48000000, 'maxWriteBatchSize': 100000,
         'minWireVersion': 0, 'maxWireVersion': 8, 'readOnly': False, 'ok': 1.0}
def answer(command):
    name = next(iter(command))
    if name == 'insert':
        return {'n': 1, 'ok': 1.0}
    if name == 'find':
        batch = [{'_id': 1, 'name': 'moat'}]
        return {'cursor': {'firstBatch': batch, 'id': bson.Int64(0), 'ns': 'shop.' + command['find']}, 'ok': 1.0}
    return hello if name.lower() == 'ismaster' else {'ok': 1.0}
class Peer(socketserver.BaseRequestHandler):
    def handle(self):
        while True:
            head = self.request.recv(16, 0x100)
            if len(head) < 16:
                return
            size, number, _, code = struct.unpack('<iiii', head)
            body = self.request.recv(size - 16, 0x100)
            if code == 2004:  # OP_QUERY: flags, collection, skip, return, document; OP_REPLY
                at = body.index(b'\0', 4) + 9
                reply = struct.pack('<iqii', 8, 0, 0, 1) + bson.encode(answer(bson.decode(body[at:])))
                code = 1
            else:  # OP_MSG: flags, a section of kind 0
                length = struct.unpack('<i', body[5:9])[0]
                reply = struct.pack('<iB', 0, 0) + bson.encode(answer(bson.decode(body[5:5 + length])))
                code = 2013
            self.request.sendall(struct.pack('<iiii', 16 + len(reply), 1, number, code) + reply)
socketserver.ThreadingTCPServer.allow_reuse_address = True
socketserver.ThreadingTCPServer((sys.argv[1], 27017), Peer).serve_forever()
END
cat >"$work/client.py" <<'END'
import sys
import pymongo
items = pymongo.MongoClient(sys.argv[1], serverSelectionTimeoutMS=5000).shop.items
items.insert_one({'_id': 1, 'name': 'moat'})
list(items.find({'name': 'moat'}))
END
serve /usr/bin/python3 "$work/server.py" "$server_ip"
wait_for 27017
capture
on_client /usr/bin/python3 "$work/client.py" "$server_ip"
finish
