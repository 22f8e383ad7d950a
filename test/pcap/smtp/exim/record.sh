#!/bin/bash
# One mail in clear, one after STARTTLS, and one for whom the recipient is refused.
. "$(dirname "$0")/../../stage.sh"
use exim
exim_serve
capture
on_client swaks "${swaks_mail[@]}" --body hello >/dev/null
on_client swaks "${swaks_mail[@]}" --tls --body hello >/dev/null
on_client swaks "${swaks_mail[@]}" --to root@elsewhere.org >/dev/null || true
finish
