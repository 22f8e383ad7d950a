#!/bin/bash
# SMB 1: a list of files, one read, one written.
. "$(dirname "$0")/../../stage.sh"
use samba
samba_serve
capture
smb_client NT1 "ls; get numbers $work/copy; put $work/copy copy; del copy"
finish
