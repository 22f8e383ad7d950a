#!/bin/bash
# A server's list of resources, one of them read, one that is not there: CoAP (RFC 7252), which no recogniser knows.
. "$(dirname "$0")/../../stage.sh"
needs libcoap3-bin
serve coap-server-notls -A "$server_ip"
wait_for_udp 5683
capture
on_client coap-client-notls -m get "coap://$server_ip/.well-known/core" >/dev/null
on_client coap-client-notls -m get "coap://$server_ip/time" >/dev/null
on_client coap-client-notls -m get "coap://$server_ip/none" >/dev/null 2>&1 || true
finish
