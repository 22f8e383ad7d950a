// Names of the facts, in the order of enum Fact; what each one holds stands in docs/facts.md.
#include <array>

#include "apps/application.h"

namespace vmoat {
namespace {

constexpr std::array<std::string_view, static_cast<size_t>(Fact::count)> names = {
    "",
    "http.host",
    "http.method",
    "http.path",
    "http.status",
    "http.userAgent",
    "http.server",
    "tls.version",
    "tls.sni",
    "tls.alpn",
    "ssh.client",
    "ssh.server",
    "dns.query",
    "dns.type",
    "dns.rcode",
    "dns.answer",
    "dhcp.hostname",
    "dhcp.message",
    "dhcp.address",
    "dhcp.server",
    "ntp.version",
    "ntp.mode",
    "redis.command",
    "redis.server",
    "mysql.version",
    "mysql.user",
    "mysql.database",
    "postgresql.user",
    "postgresql.database",
    "postgresql.version",
    "icmp.type",
    "smtp.client",
    "smtp.server",
    "ftp.user",
    "ftp.server",
    "vnc.version",
    "sip.method",
    "mqtt.client",
    "kafka.client",
    "rdp.user",
    "ldap.user",
    "quic.version",
    "tftp.file",
    "mongodb.command",
    "tns.service",
    "iscsi.initiator",
    "radius.user",
    "snmp.version",
    "tls.cipher",
    "tls.ja3",
    "tls.ja4",
    "tls.subject",
    "tls.issuer",
    "tls.names",
    "tls.expires",
    "tls.ech",
    "dns.ttl",
    "kerberos.principal",
    "kerberos.service",
    "smb.user",
    "smb.domain",
    "smb.host",
    "sip.from",
    "sip.to",
    "rtsp.url",
    "mqtt.user",
    "amqp.vhost",
    "amqp.user",
    "cassandra.driver",
    "elasticsearch.index",
    "tds.user",
    "tds.database",
    "tds.host",
    "mongodb.database",
    "redis.user",
    "nats.user",
    "stomp.user",
    "imap.user",
    "pop3.user",
    "irc.nick",
    "proxy.client",
};
static_assert(!names.back().empty());

}  // namespace

std::string_view fact_name(Fact fact) {
  const auto index = static_cast<size_t>(fact);
  return index < names.size() ? names[index] : std::string_view{};
}

}  // namespace vmoat
