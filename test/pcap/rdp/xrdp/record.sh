#!/bin/bash
# A client connects with TLS, and one with the security layer of RDP itself, as far as the login.
. "$(dirname "$0")/../../stage.sh"
needs xrdp freerdp2-x11 xvfb xauth
certificate rdp.example.org
sed -e "s#^port=.*#port=3389#;s#^certificate=.*#certificate=$work/cert#;s#^key_file=.*#key_file=$work/key#" \
  -e 's#^runtime_user=.*##;s#^runtime_group=.*##' /etc/xrdp/xrdp.ini >"$work/xrdp.ini"
serve xrdp --nodaemon --config "$work/xrdp.ini"
wait_for 3389
run_client Xvfb :90 -screen 0 320x200x16 -nolisten tcp
sleep 1
capture
for security in tls rdp; do
  DISPLAY=:90 on_client timeout 2 xfreerdp "/v:$server_ip" /u:alice /p:secret "/sec:$security" /cert:ignore /size:160x120 /bpp:8 >/dev/null 2>&1 || true
done
finish
