#!/bin/bash
# Ten mails to several people, one with an attachment, three on one TLS connection each.
. "$(dirname "$0")/../../stage.sh"
use exim
exim_serve
seq 300 >"$work/list.txt"
capture
for i in $(seq 6); do
  on_client swaks "${swaks_mail[@]}" --to "user$i@example.org" --header "Subject: Re: it's $i o'clock" \
    --body "Dear $i, see http://www.example.org/?a=1&b=2; select what you like. -- A." >/dev/null
done
on_client swaks "${swaks_mail[@]}" --attach "@$work/list.txt" >/dev/null
for i in 1 2 3; do on_client swaks "${swaks_mail[@]}" --tls --to "user$i@example.org" --body hello >/dev/null; done
finish
