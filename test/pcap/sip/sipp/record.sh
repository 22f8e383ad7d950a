#!/bin/bash
# A call by UDP, a call by TCP, and a question for options that nobody answers.
. "$(dirname "$0")/../../stage.sh"
needs sip-tester
printf '<?xml version="1.0"?>\n<scenario name="options"><send retrans="500"><![CDATA[\nOPTIONS sip:[remote_ip] SIP/2.0\nVia: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]\nFrom: <sip:a@[local_ip]>;tag=1\nTo: <sip:[remote_ip]>\nCall-ID: [call_id]\nCSeq: 1 OPTIONS\nMax-Forwards: 70\nContent-Length: 0\n\n]]></send></scenario>\n' >"$work/options.xml"
cd "$work"
serve sipp -sn uas -i "$server_ip" -p 5060 -t u1 -nostdin
serve sipp -sn uas -i "$server_ip" -p 5060 -t t1 -nostdin
wait_for_udp 5060
wait_for 5060
capture
call=(sipp "$server_ip:5060" -i "$client_ip" -m 1 -d 200 -nostdin -timeout 10)
on_client "${call[@]}" -sn uac -s bob -t u1 -p 5070 >/dev/null 2>&1
on_client "${call[@]}" -sn uac -s bob -t t1 -p 5071 >/dev/null 2>&1
on_client "${call[@]}" -sf "$work/options.xml" -t u1 -p 5072 >/dev/null 2>&1 || true
finish
