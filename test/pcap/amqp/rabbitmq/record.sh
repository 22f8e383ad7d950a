#!/bin/bash
# A queue is declared, a message published and taken; a login that is refused.
. "$(dirname "$0")/../../stage.sh"
use rabbitmq
needs amqp-tools
rabbitmq_serve
capture
url=amqp://guest:guest@$server_ip
on_client amqp-declare-queue --url="$url" -q orders >/dev/null
on_client amqp-publish --url="$url" -r orders -b hello
on_client amqp-get --url="$url" -q orders >/dev/null
on_client amqp-get --url="amqp://guest:wrong@$server_ip" -q orders >/dev/null 2>&1 || true
finish
