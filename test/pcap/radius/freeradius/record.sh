#!/bin/bash
# A login accepted, one refused, one by CHAP, and accounting.
. "$(dirname "$0")/../../stage.sh"
needs freeradius freeradius-utils
cp -r /etc/freeradius/3.0 "$work/raddb"
printf 'client lab {\n  ipaddr = 10.9.0.0/24\n  secret = testing123\n}\n' >"$work/raddb/clients.conf"
printf 'alice Cleartext-Password := "secret"\n' >"$work/raddb/mods-config/files/authorize"
rm "$work/raddb/sites-enabled/"* "$work/raddb/mods-enabled/eap"
cat >"$work/raddb/sites-enabled/lab" <<END
server lab {
  listen {
    type = auth
    ipaddr = *
    port = 1812
  }
  listen {
    type = acct
    ipaddr = *
    port = 1813
  }
  authorize {
    chap
    files
    pap
  }
  authenticate {
    Auth-Type PAP {
      pap
    }
    Auth-Type CHAP {
      chap
    }
  }
  accounting {
    ok
  }
}
END
sed -i 's/^\s*\(user\|group\) = .*//' "$work/raddb/radiusd.conf"
serve freeradius -f -l "$work/radius.log" -d "$work/raddb"
wait_for_udp 1812
capture
on_client radtest alice secret "$server_ip" 0 testing123 >/dev/null
on_client radtest alice wrong "$server_ip" 0 testing123 >/dev/null || true
on_client radtest -t chap alice secret "$server_ip" 0 testing123 >/dev/null
printf 'User-Name = "alice"\nAcct-Status-Type = Start\nAcct-Session-Id = "7"\nNAS-IP-Address = %s\n' "$client_ip" |
  on_client radclient "$server_ip" acct testing123 >/dev/null
finish
