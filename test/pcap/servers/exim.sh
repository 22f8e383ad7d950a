# Exim on port 25, with STARTTLS, that takes mail for example.org. Gives exim_serve; swaks_mail are swaks's options.
needs exim4-daemon-light swaks libnet-ssleay-perl libio-socket-ssl-perl
swaks_mail=(--server "$server_ip" --ehlo client.example.org --from alice@example.org --to bob@example.org)

exim_serve() {
  certificate mail.example.org
  mkdir "$work/spool"
  chown Debian-exim "$work/spool" "$work/key"
  cat >"$work/exim.conf" <<END
spool_directory = $work/spool
log_file_path = $work/spool/%slog
pid_file_path = $work/spool/pid
primary_hostname = mail.example.org
host_lookup =
tls_advertise_hosts = *
tls_certificate = $work/cert
tls_privatekey = $work/key
acl_smtp_rcpt = check
acl_smtp_data = all
begin acl
check:
  accept domains = example.org
  deny message = relay not permitted
all:
  accept
begin routers
everybody:
  driver = accept
  transport = drop
begin transports
drop:
  driver = appendfile
  file = /dev/null
  user = nobody
END
  serve exim4 -C "$work/exim.conf" -bdf -oX 25
  wait_for 25
}
