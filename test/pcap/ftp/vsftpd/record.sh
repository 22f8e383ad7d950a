#!/bin/bash
# An anonymous login for each way to open a data connection: EPSV, PASV, EPRT and PORT; one of them uploads.
. "$(dirname "$0")/../../stage.sh"
needs vsftpd curl
mkdir -p "$work/ftp/in" "$work/empty"
seq 200 >"$work/ftp/numbers"
chown ftp "$work/ftp/in"
cat >"$work/vsftpd.conf" <<END
listen=YES
background=NO
anonymous_enable=YES
anon_root=$work/ftp
anon_upload_enable=YES
write_enable=YES
connect_from_port_20=YES
secure_chroot_dir=$work/empty
ftpd_banner=FTP of example.org
seccomp_sandbox=NO
END
serve vsftpd "$work/vsftpd.conf"
wait_for 21
capture
on_client curl -s "ftp://$server_ip/" -o /dev/null
on_client curl -s --disable-epsv "ftp://$server_ip/numbers" -o /dev/null
on_client curl -s -P - "ftp://$server_ip/numbers" -o /dev/null
on_client curl -s -P - --disable-eprt -T "$work/ftp/numbers" "ftp://$server_ip/in/"
finish
