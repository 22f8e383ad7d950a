#!/bin/bash
# A telephone registers, is challenged, and registers with the answer.
. "$(dirname "$0")/../../stage.sh"
needs kamailio sip-tester
cat >"$work/kamailio.cfg" <<END
fork=no
children=1
listen=udp:$server_ip:5060
mpath="/usr/lib/x86_64-linux-gnu/kamailio/modules/"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "textops.so"
request_route {
  if (is_method("REGISTER") && !is_present_hf("Authorization")) {
    append_to_reply("WWW-Authenticate: Digest realm=\"example.org\", nonce=\"0a1b2c3d\"\r\n");
    sl_send_reply("401", "Unauthorized");
    exit;
  }
  sl_send_reply("200", "OK");
}
END
cat >"$work/register.xml" <<'END'
<?xml version="1.0"?>
<scenario name="register">
  <send retrans="500"><![CDATA[
REGISTER sip:example.org SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:bob@example.org>;tag=[call_number]
To: <sip:bob@example.org>
Call-ID: [call_id]
CSeq: 1 REGISTER
Contact: <sip:bob@[local_ip]:[local_port]>
Max-Forwards: 70
Expires: 3600
Content-Length: 0

]]></send>
  <recv response="401" auth="true"/>
  <send retrans="500"><![CDATA[
REGISTER sip:example.org SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:bob@example.org>;tag=[call_number]
To: <sip:bob@example.org>
Call-ID: [call_id]
CSeq: 2 REGISTER
Contact: <sip:bob@[local_ip]:[local_port]>
[authentication username=bob password=secret]
Max-Forwards: 70
Expires: 3600
Content-Length: 0

]]></send>
  <recv response="200"/>
</scenario>
END
cd "$work"
serve kamailio -DD -E -f "$work/kamailio.cfg" -Y "$work"
wait_for_udp 5060
capture
on_client timeout 20 sipp "$server_ip:5060" -i "$client_ip" -m 1 -nostdin -timeout 10 -sf "$work/register.xml" >/dev/null 2>&1
finish
