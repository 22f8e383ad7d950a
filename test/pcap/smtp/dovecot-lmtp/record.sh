#!/bin/bash
# One mail delivered by LMTP, the local dialect of SMTP.
. "$(dirname "$0")/../../stage.sh"
use dovecot
needs dovecot-lmtpd swaks
dovecot_serve 'protocols = imap pop3 lmtp' 'service lmtp {' "inet_listener lmtp {" "address = $server_ip" 'port = 24' '}' '}'"" \
  'auth_username_format = %Ln'
wait_for 24
capture
on_client swaks --protocol LMTP --server "$server_ip:24" --from alice@example.org --to bob --body hello >/dev/null
finish
