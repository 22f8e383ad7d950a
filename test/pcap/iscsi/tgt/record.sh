#!/bin/bash
# A discovery session, and a session that logs in, asks what the disk is and how large.
. "$(dirname "$0")/../../stage.sh"
needs tgt libiscsi-bin
export TGT_IPC_SOCKET=$work/tgtd
truncate -s 8M "$work/disk"
serve tgtd -f --iscsi "portal=$server_ip:3260"
wait_for 3260
target() { on_server tgtadm --lld iscsi "$@"; }
wait_until target --mode sys --op show
target --mode target --op new --tid 1 -T iqn.2026-01.org.example:disk
target --mode logicalunit --op new --tid 1 --lun 1 -b "$work/disk"
target --mode target --op bind --tid 1 -I ALL
capture
on_client iscsi-ls "iscsi://$server_ip" >/dev/null
on_client iscsi-inq "iscsi://$server_ip/iqn.2026-01.org.example:disk/1" >/dev/null
on_client iscsi-readcapacity16 "iscsi://$server_ip/iqn.2026-01.org.example:disk/1" >/dev/null
finish
