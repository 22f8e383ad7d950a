# Dovecot with IMAP (143, 993) and POP3 (110): any user, password "secret", one mail. Gives
# dovecot_serve [DIRECTIVE]….
needs dovecot-imapd dovecot-pop3d curl

dovecot_serve() {
  certificate mail.example.org
  mkdir -p "$work/mail/new" "$work/mail/cur" "$work/mail/tmp"
  printf 'From: a@example.org\nTo: b@example.org\nSubject: hello\n\nhello\n' >"$work/mail/new/1.host"
  chown -R dovenull "$work/mail"
  cat >"$work/dovecot.conf" <<END
base_dir = $work/run
state_dir = $work/state
protocols = imap pop3
listen = $server_ip
log_path = $work/log
ssl_cert = <$work/cert
ssl_key = <$work/key
disable_plaintext_auth = no
mail_location = maildir:$work/mail
first_valid_uid = 1
passdb {
  driver = static
  args = password=secret
}
userdb {
  driver = static
  args = uid=dovenull gid=dovenull home=$work/mail
}
$(printf '%s\n' "$@")
END
  serve dovecot -F -c "$work/dovecot.conf"
  wait_for 143
}
