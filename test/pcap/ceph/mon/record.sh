#!/bin/bash
# A client asks a monitor for its state, by version 2 of the messenger, then by version 1.
. "$(dirname "$0")/../../stage.sh"
needs ceph-mon ceph-common python3-rados
export CEPH_CONF=$work/ceph.conf
fsid=6f1e2d3c-0000-4000-8000-000000000001
cat >"$CEPH_CONF" <<END
[global]
fsid = $fsid
mon host = [v2:$server_ip:3300/0,v1:$server_ip:6789/0]
auth cluster required = none
auth service required = none
auth client required = none
keyring = $work/keyring
run dir = $work
admin socket =
log file = $work/ceph.log
mon data = $work/mon
mon warn on msgr2 not enabled = false
END
ceph-authtool -C "$work/keyring" --gen-key -n mon. --cap mon 'allow *' >/dev/null
ceph-authtool "$work/keyring" --gen-key -n client.admin --cap mon 'allow *' >/dev/null
monmaptool --create --clobber --fsid "$fsid" --addv a "[v2:$server_ip:3300,v1:$server_ip:6789]" "$work/monmap" >/dev/null
ceph-mon --mkfs -i a --monmap "$work/monmap" --keyring "$work/keyring"
serve ceph-mon -f -i a --public-addr "$server_ip"
wait_for 6789
wait_until on_client timeout 10 ceph mon stat
capture
# Not by `ceph`, which fetches the descriptions of all commands first.
cat >"$work/client.py" <<'END'
import sys
import rados
cluster = rados.Rados(name='client.admin', conf={'mon_host': sys.argv[1]}, conffile='')
cluster.connect(timeout=20)
cluster.mon_command('{"prefix": "mon stat"}', b'')
cluster.shutdown()
END
for address in "v2:$server_ip:3300" "v1:$server_ip:6789"; do
  on_client /usr/bin/python3 "$work/client.py" "$address"
done
finish
