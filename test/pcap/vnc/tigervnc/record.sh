#!/bin/bash
# A snapshot without password, and one with.
. "$(dirname "$0")/../../stage.sh"
needs tigervnc-standalone-server tigervnc-tools vncsnapshot
echo secret | vncpasswd -f >"$work/password"
vnc=(Xtigervnc -geometry 64x48 -depth 24 -interface "$server_ip" -AlwaysShared)
serve "${vnc[@]}" -rfbport 5900 -SecurityTypes None :90
serve "${vnc[@]}" -rfbport 5901 -SecurityTypes VncAuth -rfbauth "$work/password" :91
wait_for 5900
wait_for 5901
capture
on_client timeout 5 vncsnapshot -quiet "$server_ip:0" "$work/a.jpg" >>"$work/log" 2>&1 || true
on_client timeout 5 vncsnapshot -quiet -passwd "$work/password" "$server_ip:1" "$work/b.jpg" >>"$work/log" 2>&1 || true
finish
