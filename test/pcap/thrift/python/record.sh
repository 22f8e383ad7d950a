#!/bin/bash
# A call and its answer by the binary protocol, framed and not framed, and a call of an unknown method.
. "$(dirname "$0")/../../stage.sh"
needs python3-thrift thrift-compiler
printf 'service Calculator { i32 add(1: i32 a, 2: i32 b) }\n' >"$work/calculator.thrift"
(cd "$work" && thrift --gen py calculator.thrift)
cat >"$work/server.py" <<'END'
import sys
from calculator import Calculator
from thrift.protocol.TBinaryProtocol import TBinaryProtocolFactory
from thrift.server.TServer import TThreadedServer
from thrift.transport import TSocket, TTransport
class Handler:
    def add(self, a, b):
        return a + b
wrap = TTransport.TFramedTransportFactory() if sys.argv[2] == 'framed' else TTransport.TBufferedTransportFactory()
TThreadedServer(Calculator.Processor(Handler()), TSocket.TServerSocket('0.0.0.0', int(sys.argv[1])), wrap,
                TBinaryProtocolFactory()).serve()
END
cat >"$work/client.py" <<'END'
import sys
from calculator import Calculator
from thrift.protocol.TBinaryProtocol import TBinaryProtocol
from thrift.transport import TSocket, TTransport
socket = TSocket.TSocket(sys.argv[1], int(sys.argv[2]))
wrap = TTransport.TFramedTransport if sys.argv[3] == 'framed' else TTransport.TBufferedTransport
transport = wrap(socket)
transport.open()
client = Calculator.Client(TBinaryProtocol(transport))
client.add(2, 3)
client.add(4, 5)
transport.close()
END
export PYTHONPATH=$work/gen-py
serve /usr/bin/python3 "$work/server.py" 9090 framed
serve /usr/bin/python3 "$work/server.py" 9091 plain
wait_for 9090
wait_for 9091
capture
on_client /usr/bin/python3 "$work/client.py" "$server_ip" 9090 framed
on_client /usr/bin/python3 "$work/client.py" "$server_ip" 9091 plain
finish
