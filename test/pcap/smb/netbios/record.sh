#!/bin/bash
# A NetBIOS session (RFC 1002) on port 139 that carries SMB 1.
. "$(dirname "$0")/../../stage.sh"
use samba
samba_serve
capture
on_client smbclient -s "$work/smb.conf" -m NT1 -p 139 -U root%secret "//$server_ip/files" -c ls >/dev/null
finish
