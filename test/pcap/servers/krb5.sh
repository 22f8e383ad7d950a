# MIT's KDC of the realm EXAMPLE.ORG, which knows alice ("secret"). Gives krb5_serve, kadmin_local QUERY;
# clients find it by KRB5_CONFIG, which is exported.
needs krb5-kdc krb5-user krb5-admin-server

kadmin_local() { on_server kadmin.local -r EXAMPLE.ORG "$@" >/dev/null; }

krb5_serve() {
  export KRB5_CONFIG=$work/krb5.conf KRB5_KDC_PROFILE=$work/kdc.conf KRB5CCNAME=FILE:$work/tickets
  cat >"$KRB5_CONFIG" <<END
[libdefaults]
  default_realm = EXAMPLE.ORG
  dns_lookup_kdc = false
  dns_lookup_realm = false
  dns_canonicalize_hostname = false
  rdns = false
[realms]
  EXAMPLE.ORG = {
    kdc = $server_ip
  }
[domain_realm]
  .example.org = EXAMPLE.ORG
END
  cat >"$KRB5_KDC_PROFILE" <<END
[kdcdefaults]
  kdc_ports = 88
  kdc_tcp_ports = 88
[realms]
  EXAMPLE.ORG = {
    database_name = $work/principals
    key_stash_file = $work/stash
    default_principal_flags = +preauth
  }
END
  kdb5_util -r EXAMPLE.ORG create -s -P master >/dev/null
  kadmin_local -q 'addprinc -pw secret alice'
  serve krb5kdc -n
  wait_for 88
}
