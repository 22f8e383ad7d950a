# OpenLDAP with dc=example,dc=org on port 389 and TLS on demand; cn=admin has the password "secret". Gives
# openldap_serve [DIRECTIVE]…, $ldap_admin (options of its client).
needs slapd ldap-utils
ldap_base=dc=example,dc=org
ldap_admin=(-x -H "ldap://$server_ip" -D "cn=admin,$ldap_base" -w secret)

openldap_serve() {
  certificate ldap.example.org
  mkdir "$work/db"
  cat >"$work/slapd.conf" <<END
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
pidfile $work/pid
modulepath /usr/lib/ldap
moduleload back_mdb
TLSCertificateFile $work/cert
TLSCertificateKeyFile $work/key
$(printf '%s\n' "$@")
database mdb
directory $work/db
suffix $ldap_base
rootdn cn=admin,$ldap_base
rootpw secret
END
  {
    printf 'dn: %s\nobjectClass: dcObject\nobjectClass: organization\no: example\ndc: example\n\n' "$ldap_base"
    local name
    for name in alice bob carol; do
      printf 'dn: cn=%s,%s\nobjectClass: inetOrgPerson\ncn: %s\nsn: %s\nmail: %s@example.org\n\n' \
        $name "$ldap_base" $name $name $name
    done
  } >"$work/tree.ldif"
  slapadd -f "$work/slapd.conf" -l "$work/tree.ldif" 2>/dev/null
  serve slapd -h ldap:/// -f "$work/slapd.conf" -d 0
  wait_for 389
}
