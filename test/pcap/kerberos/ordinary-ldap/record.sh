#!/bin/bash
# A morning in an office: a ticket, a directory asked ten times by GSSAPI, a ticket renewed.
. "$(dirname "$0")/../../stage.sh"
use krb5
use openldap
needs libsasl2-modules-gssapi-mit
krb5_serve
kadmin_local -q 'addprinc -randkey ldap/ldap.example.org' 2>/dev/null
kadmin_local -q "ktadd -k $work/keytab ldap/ldap.example.org" 2>/dev/null
export KRB5_KTNAME=$work/keytab
openldap_serve 'sasl-host ldap.example.org' 'sasl-realm EXAMPLE.ORG'
echo "$server_ip ldap.example.org" >"$work/hosts"
capture
on_client sh -c "mount --bind '$work/hosts' /etc/hosts
  echo secret | kinit -r 2d -f alice >/dev/null
  for i in 1 2 3 4 5 6 7 8 9 10; do
    ldapsearch -Q -LLL -Y GSSAPI -H ldap://ldap.example.org -b '$ldap_base' \"(|(cn=a*)(mail=b\$i@example.org))\" cn mail >/dev/null
  done
  kinit -R" 2>/dev/null || true
finish
