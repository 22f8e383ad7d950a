#!/bin/bash
# A mount by version 3 (portmapper, mount, NFS) and by version 4: a list of files, one written, one read.
. "$(dirname "$0")/../../stage.sh"
needs nfs-ganesha nfs-ganesha-mem rpcbind libnfs-utils
cat >"$work/ganesha.conf" <<END
NFS_CORE_PARAM {
  Protocols = 3, 4;
  Enable_NLM = false;
  Enable_RQUOTA = false;
  Bind_addr = $server_ip;
  Mount_Path_Pseudo = true;
}
NFSv4 {
  RecoveryRoot = $work/recovery;
  Graceless = true;
}
EXPORT {
  Export_Id = 1;
  Path = /files;
  Pseudo = /files;
  Access_Type = RW;
  Squash = None;
  SecType = sys, none;
  FSAL {
    Name = MEM;
  }
}
END
mkdir "$work/recovery"
# Both have fixed places below /run: a private one.
serve sh -c "mount -t tmpfs tmpfs /run && mkdir -p /run/ganesha && rpcbind -f -w & sleep 1; exec nsenter -m -t \$! ganesha.nfsd -F -L '$work/ganesha.log' -f '$work/ganesha.conf' -p '$work/pid'"
wait_for 2049
wait_for 111
sleep 3
capture 'not arp'
seq 100 >"$work/numbers"
for version in 3 4; do
  url="nfs://$server_ip/files" end="?version=$version&uid=0&gid=0"
  on_client nfs-cp "$work/numbers" "$url/numbers$version$end" >>"$work/log" 2>&1
  on_client nfs-ls "$url$end" >>"$work/log" 2>&1
  on_client nfs-cat "$url/numbers$version$end" >>"$work/log" 2>&1
done
finish
