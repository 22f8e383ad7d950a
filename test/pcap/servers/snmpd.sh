# Net-SNMP's agent: community "public", user "alice" of version 3. Gives snmpd_serve.
needs snmpd snmp

snmpd_serve() {
  export SNMP_PERSISTENT_DIR=$work/snmp MIBS=
  mkdir "$SNMP_PERSISTENT_DIR"
  cat >"$work/snmpd.conf" <<END
rocommunity public
rwcommunity private
createUser alice SHA-256 "authsecret" AES "privsecret"
rouser alice priv
sysLocation Moat
sysContact root
END
  serve snmpd -f -C -c "$work/snmpd.conf" -Lo "udp:$server_ip:161"
  wait_for_udp 161
}
