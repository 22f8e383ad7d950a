#!/bin/bash
# A responder looks whether its name is free, announces itself and a service, and is asked for it.
. "$(dirname "$0")/../../stage.sh"
needs avahi-daemon bind9-dnsutils
cat >"$work/avahi.conf" <<END
[server]
host-name=printer
domain-name=local
use-ipv6=no
enable-dbus=no
allow-interfaces=eth0
[publish]
publish-hinfo=yes
publish-workstation=yes
END
mkdir "$work/services" "$work/run"
cat >"$work/services/http.service" <<END
<?xml version="1.0"?>
<!DOCTYPE service-group SYSTEM "avahi-service.dtd">
<service-group><name>Printer</name><service><type>_http._tcp</type><port>80</port></service></service-group>
END
ip -n "$client_ns" route add 224.0.0.0/4 dev eth0
ip -n "$server_ns" route add 224.0.0.0/4 dev eth0
capture 'udp'
serve sh -c "mount --bind '$work/services' /etc/avahi/services && mount --bind '$work/run' /run && exec avahi-daemon --no-drop-root --no-chroot --no-rlimits -f '$work/avahi.conf'"
sleep 4
on_client dig +tries=1 +time=2 -p 5353 @224.0.0.251 printer.local A >/dev/null || true
on_client dig +tries=1 +time=2 -p 5353 @224.0.0.251 _http._tcp.local PTR >/dev/null || true
finish
