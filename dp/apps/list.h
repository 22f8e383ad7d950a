// The list of applications, in the order of asking: one line each, NAME standing for NAME.cc, which
// defines NAME_application. What answers by its first bytes stands before what needs a longer look.
#pragma once

#define EACH_APPLICATION(X) \
  X(http)                   \
  X(http2)                  \
  X(websocket)              \
  X(tls)                    \
  X(ssh)                    \
  X(postgresql)             \
  X(mysql)                  \
  X(redis)                  \
  X(dns)                    \
  X(dhcp)                   \
  X(ntp)                    \
  X(smtp)                   \
  X(pop3)                   \
  X(imap)                   \
  X(ftp)                    \
  X(irc)                    \
  X(nats)                   \
  X(stomp)                  \
  X(vnc)                    \
  X(sip)                    \
  X(rtsp)                   \
  X(telnet)                 \
  X(syslog)                 \
  X(memcached)              \
  X(ldap)                   \
  X(kerberos)               \
  X(snmp)                   \
  X(radius)                 \
  X(diameter)               \
  X(tftp)                   \
  X(rdp)                    \
  X(smb)                    \
  X(mqtt)                   \
  X(amqp)                   \
  X(openwire)               \
  X(kafka)                  \
  X(mongodb)                \
  X(cassandra)              \
  X(zookeeper)              \
  X(tds)                    \
  X(tns)                    \
  X(rpc)                    \
  X(iscsi)                  \
  X(dhcpv6)                 \
  X(wireguard)              \
  X(bittorrent)             \
  X(quic)                   \
  X(thrift)                 \
  X(icmp)
