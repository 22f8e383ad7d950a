#!/bin/bash
# SMB 2: a list of files, one read, one written.
. "$(dirname "$0")/../../stage.sh"
use samba
samba_serve
capture
smb_client SMB2_10 "ls; get numbers $work/copy; put $work/copy copy; del copy"
finish
