#!/bin/bash
# A simple bind that searches, adds and deletes, a wrong password, an anonymous search, and StartTLS.
. "$(dirname "$0")/../../stage.sh"
use openldap
openldap_serve
capture
on_client ldapsearch "${ldap_admin[@]}" -LLL -b "$ldap_base" '(&(objectClass=person)(cn=a*))' mail >/dev/null
printf 'dn: cn=dave,%s\nobjectClass: person\ncn: dave\nsn: dave\n' "$ldap_base" | on_client ldapadd "${ldap_admin[@]}" >/dev/null
on_client ldapdelete "${ldap_admin[@]}" "cn=dave,$ldap_base"
on_client ldapsearch -x -H "ldap://$server_ip" -D "cn=admin,$ldap_base" -w wrong -b "$ldap_base" >/dev/null 2>&1 || true
on_client ldapsearch -x -H "ldap://$server_ip" -b '' -s base '+' >/dev/null
LDAPTLS_REQCERT=never on_client ldapsearch "${ldap_admin[@]}" -ZZ -b "$ldap_base" >/dev/null
finish
