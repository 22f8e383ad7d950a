#!/bin/bash
# A folder of six files is written, listed, read and removed.
. "$(dirname "$0")/../../stage.sh"
use samba
samba_serve
mkdir "$work/up"
for i in $(seq 6); do seq "$i" 40 >"$work/up/file $i.txt"; done
capture
smb_client SMB3 "prompt off; mkdir docs; cd docs; lcd $work/up; mput *.txt; ls; mget *.txt; del *.txt; cd ..; rmdir docs; ls" 2>/dev/null
finish
