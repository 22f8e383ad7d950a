#!/bin/bash
# Programs use an interface: forms and JSON with quotes, braces, words of SQL and shell; an upload in chunks, one that
# waits for 100 Continue, one that is slow; ranges, redirects, errors.
. "$(dirname "$0")/../../stage.sh"
use nginx
nginx_serve 80 'location /api { return 200 "{\"ok\":true}"; default_type application/json; }' \
  'location /old { return 301 /api; }' 'location /wrong { return 500; }' 'client_max_body_size 1m;'
seq 2000 >"$work/www/numbers"
capture
api() { on_client curl -s "$@" >/dev/null; }
url=http://$server_ip/api
api "$url/search?q=select+the+best+union+of+ideas&sort=name%20asc" "$url/people?name=O%27Brien&town=D%C3%BCsseldorf"
api "$url/search?q=drop%20table%20reservations&page=2&filter=price%3E10%20and%20price%3C20"
api -H 'Content-Type: application/json' -d "{\"text\":\"it's 5 o'clock -- let's go; see you\",\"template\":\"Dear \${name}, #{id}\"}" "$url/notes"
api --data-urlencode 'comment=I would like to insert into this discussion: 1 = 1, as they say; or not?' "$url/comments"
api -F "file=@$work/www/numbers" -F 'title=../a list of numbers' "$url/files"
seq 500 | api -X PUT -T - "$url/stream"
api -H 'Expect: 100-continue' -d "@$work/www/numbers" "$url/big"
api --limit-rate 4k -d "@$work/www/numbers" "$url/slow"
api -r 100-199 "http://$server_ip/numbers"
api -L "http://$server_ip/old" "http://$server_ip/wrong" "http://$server_ip/none/%7Euser/..%2Fx"
api -H 'X-Forwarded-For: 192.0.2.7, 198.51.100.3' -H 'Cookie: session=ab=cd; theme="dark"' -A 'Mozilla/5.0 (X11; Linux x86_64)' "$url"
api -X OPTIONS -H 'Origin: https://app.example.org' "$url"
api -I "http://$server_ip/numbers"
finish
