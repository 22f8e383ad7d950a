#!/bin/bash
# A file read, one written, one that is not there; each transfer has ports of its own.
. "$(dirname "$0")/../../stage.sh"
needs tftpd-hpa atftp
mkdir -m 777 "$work/boot"
seq 300 >"$work/boot/kernel.img"
serve in.tftpd -L -s -c -u root -a "$server_ip:69" "$work/boot"
wait_for_udp 69
capture
on_client atftp --get -r kernel.img -l "$work/copy" "$server_ip"
on_client atftp --option 'blksize 1024' --get -r kernel.img -l "$work/copy" "$server_ip"
on_client atftp --put -l "$work/copy" -r upload.img "$server_ip"
on_client atftp --get -r none -l "$work/none" "$server_ip" >/dev/null 2>&1 || true
finish
