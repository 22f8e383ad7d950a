# BIND with the zone example.org on port 53. Gives bind_serve.
needs bind9 bind9-dnsutils

bind_serve() {
  local i
  mkdir "$work/zones"
  cat >"$work/zones/example" <<END
\$TTL 60
@ IN SOA ns.example.org. admin.example.org. 1 3600 600 86400 60
  IN NS ns
ns IN A $server_ip
www IN CNAME web
web IN A 192.0.2.80
web IN AAAA 2001:db8::80
END
  for i in $(seq 60); do echo "big IN TXT \"record $i of a long answer\"" >>"$work/zones/example"; done
  cat >"$work/named.conf" <<END
options {
  directory "$work";
  pid-file "$work/pid";
  recursion no;
  dnssec-validation no;
  listen-on { $server_ip; };
  listen-on-v6 { $server_ip6; };
  session-keyfile "$work/session";
  managed-keys-directory "$work";
  allow-transfer { any; };
};
controls {};
zone "example.org" { type primary; file "$work/zones/example"; };
END
  chmod -R a+rX "$work"
  serve named -g -c "$work/named.conf"
  wait_for 53
}
