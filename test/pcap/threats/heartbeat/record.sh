#!/bin/bash
# A client asks nginx by TLS for a heartbeat of 16,384 bytes within a record of three (CVE-2014-0160); the
# server is not vulnerable and does not answer it.
. "$(dirname "$0")/../../stage.sh"
use nginx
certificate www.example.org
nginx_serve "443 ssl"
capture
exploit() {
  exec 3<>"/dev/tcp/$server_ip/443"
  # A ClientHello of TLS 1.2 with the heartbeat extension, then the heartbeat.
  printf '\x16\x03\x01\x00\x5d\x01\x00\x00\x59\x03\x03' >&3
  printf '0123456789abcdef0123456789abcdef\x00\x00\x04\xc0\x2f\x00\xff\x01\x00\x00\x2c' >&3
  printf '\x00\x0a\x00\x04\x00\x02\x00\x17\x00\x0b\x00\x02\x01\x00\x00\x0d\x00\x04\x00\x02\x04\x01' >&3
  printf '\x00\x0f\x00\x01\x01\x00\x00\x00\x0d\x00\x0b\x00\x00\x08a.exampl' >&3
  sleep 0.3
  printf '\x18\x03\x03\x00\x03\x01\x40\x00' >&3
  sleep 0.5
}
export -f exploit
export server_ip
on_client bash -c exploit
finish
