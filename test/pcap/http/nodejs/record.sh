#!/bin/bash
# Node.js answers a GET and a POST with JSON, in chunks.
. "$(dirname "$0")/../../stage.sh"
needs nodejs curl
serve node -e 'require("http").createServer((request, response) => {
  response.setHeader("Content-Type", "application/json");
  response.setHeader("X-Powered-By", "Express");
  response.write("{\"method\":");
  response.end(JSON.stringify(request.method) + "}");
}).listen(3000)'
wait_for 3000
capture
on_client curl -s "http://$server_ip:3000/items?page=2" -o /dev/null
on_client curl -s -H 'Content-Type: application/json' -d '{"name":"a"}' "http://$server_ip:3000/items" -o /dev/null
finish
