#!/bin/bash
# curl sends nginx what only looks like attacks: names with apostrophes, SQL in a search, code, Markdown, links upward.
. "$(dirname "$0")/../../stage.sh"
use nginx
nginx_serve 80
capture
ask() { on_client curl -s -o /dev/null "$@" || true; }
url="http://$server_ip"
ask -G "$url/search" --data-urlencode "q=O'Reilly and sons" --data-urlencode 'lang=en'
ask -G "$url/search" --data-urlencode 'q=SELECT * FROM users WHERE id = 1 OR id = 2'
ask -G "$url/search" --data-urlencode 'q=what does ${jndi} do'
ask -d "comment=It's 5 or 6; move the <script> tag (in the head) & run \`ls -l\`" "$url/comment"
ask -H 'Content-Type: application/json' -d '{"text":"if (a == 1 || b == 2) { return \"x\"; }","name":"d'"'"'Angelo"}' "$url/api"
ask -G "$url/go" --data-urlencode 'next=../index.html' --data-urlencode 'filter=name eq '"'"'Milk'"'"' and price lt 2'
ask -H 'Transfer-Encoding: chunked' --data-binary 'a=b' "$url/upload"
ask -d '_method=PUT&filter[]=system' "$url/index.php?s=/index/think/app"
ask -A 'Mozilla/5.0 (compatible; Reader/1.0; +https://example.com/sqlmap/1.html)' -G "$url/" --data-urlencode 'q=Nikto/2.1.6'
ask -u web:right "$url/"
finish
