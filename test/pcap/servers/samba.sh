# Samba with the share "files" for everybody, on port 445 and, behind NetBIOS sessions, 139. Gives samba_serve
# [DIRECTIVE]…; smb_client PROTOCOL COMMANDS.
needs samba smbclient

samba_serve() {
  local folder
  for folder in files private state cache lock; do mkdir "$work/$folder"; done
  seq 100 >"$work/files/numbers"
  chmod 777 "$work/files"
  cat >"$work/smb.conf" <<END
[global]
  netbios name = FILER
  server min protocol = NT1
  client min protocol = NT1
  map to guest = Bad User
  guest account = root
  interfaces = eth0
  bind interfaces only = no
  private dir = $work/private
  state directory = $work/state
  cache directory = $work/cache
  lock directory = $work/lock
  pid directory = $work/lock
  ncalrpc dir = $work/lock/rpc
  log file = $work/samba.log
  load printers = no
  disable spoolss = yes
$(printf '  %s\n' "$@")
[files]
  path = $work/files
  guest ok = yes
  writable = yes
END
  printf 'secret\nsecret\n' | on_server smbpasswd -c "$work/smb.conf" -s -a root >/dev/null
  serve smbd --foreground --no-process-group -s "$work/smb.conf" -l "$work"
  wait_for 445
}

smb_client() {
  on_client smbclient -s "$work/smb.conf" -m "$1" -U root%secret "//$server_ip/files" -c "$2" >/dev/null
}
