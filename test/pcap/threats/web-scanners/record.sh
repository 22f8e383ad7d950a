#!/bin/bash
# Nmap's HTTP scripts, Gobuster and sqlmap look at a site of nginx's, each under its own name.
. "$(dirname "$0")/../../stage.sh"
use nginx
needs nmap gobuster sqlmap
nginx_serve 80
printf '%s\n' admin backup login >"$work/words"
capture
url="http://$server_ip"
on_client nmap -Pn -n -p 80 --script http-headers,http-robots.txt "$server_ip" >>"$work/log"
on_client gobuster dir -q -t 1 -u "$url" -w "$work/words" >>"$work/log" 2>&1
HOME=$work on_client sqlmap -u "$url/item?id=1" --batch --smart --output-dir="$work/sqlmap" >>"$work/log" 2>&1
finish
