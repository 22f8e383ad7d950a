#!/bin/bash
# A client of AMQP 1.0 sends a message to a queue and takes it.
. "$(dirname "$0")/../../stage.sh"
use rabbitmq
needs python3-qpid-proton
rabbitmq_serve
cat >"$work/client.py" <<'END'
import sys
from proton import Message
from proton.utils import BlockingConnection
connection = BlockingConnection(sys.argv[1], timeout=20, allowed_mechs='PLAIN')
connection.create_sender('/queue/orders').send(Message(body='hello'))
receiver = connection.create_receiver('/queue/orders')
receiver.receive(timeout=20)
receiver.accept()
connection.close()
END
capture
on_client /usr/bin/python3 "$work/client.py" "amqp://guest:guest@$server_ip:5672"
finish
