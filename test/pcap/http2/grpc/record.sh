#!/bin/bash
# A unary call, a stream of answers, and a method that nobody implements.
. "$(dirname "$0")/../../stage.sh"
needs python3-grpcio
cat >"$work/server.py" <<'END'
import sys
from concurrent import futures
import grpc
def listing(request, context):
    for i in range(3):
        yield b'item %d' % i
handlers = grpc.method_handlers_generic_handler('shop.Orders', {
    'Get': grpc.unary_unary_rpc_method_handler(lambda request, context: b'order ' + request),
    'List': grpc.unary_stream_rpc_method_handler(listing)})
server = grpc.server(futures.ThreadPoolExecutor(2), handlers=[handlers])
server.add_insecure_port(sys.argv[1])
server.start()
server.wait_for_termination()
END
cat >"$work/client.py" <<'END'
import sys
import grpc
with grpc.insecure_channel(sys.argv[1]) as channel:
    channel.unary_unary('/shop.Orders/Get')(b'7')
    list(channel.unary_stream('/shop.Orders/List')(b''))
    try:
        channel.unary_unary('/shop.Orders/None')(b'')
    except grpc.RpcError:
        pass
END
serve /usr/bin/python3 "$work/server.py" "$server_ip:50051"
wait_for 50051
capture
on_client /usr/bin/python3 "$work/client.py" "$server_ip:50051"
finish
