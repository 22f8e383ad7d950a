#!/bin/bash
# A ticket by UDP, one by TCP, a wrong password, a user that is not there, and a ticket for a service.
. "$(dirname "$0")/../../stage.sh"
use krb5
krb5_serve
kadmin_local -q 'addprinc -randkey host/web.example.org'
capture
echo secret | on_client kinit alice >/dev/null
on_client kvno host/web.example.org >/dev/null
echo wrong | on_client kinit alice >/dev/null 2>&1 || true
echo secret | on_client kinit mallory >/dev/null 2>&1 || true
sed -i '/default_realm/a udp_preference_limit = 1' "$KRB5_CONFIG"
echo secret | on_client kinit alice >/dev/null
finish
