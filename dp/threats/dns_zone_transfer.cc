// DNS zone transfer: somebody asks for a whole zone (AXFR, RFC 5936; IXFR, RFC 1995).
#include "threats/content/messages.h"
#include "threats/evidence.h"
#include "threats/threat.h"

namespace vmoat {
namespace {

constexpr uint16_t type_ixfr = 251, type_axfr = 252;

void dns(const DnsMessage& message, Alarm& alarm) {
  if (message.type != type_axfr && message.type != type_ixfr) return;
  Evidence evidence;
  evidence << (message.type == type_axfr ? "AXFR of " : "IXFR of ") << message.name;
  if (message.response) evidence << (message.rcode == 0 && message.answers > 0 ? ": answered" : ": refused");
  alarm.raise(evidence);
}

}  // namespace

extern const Threat dns_zone_transfer_threat;
const Threat dns_zone_transfer_threat = {
    .name = "dns-zone-transfer",
    .severity = Severity::medium,
    .action = ThreatAction::alert,
    .means = "somebody asks a name server for a whole zone; among one's own name servers that is ordinary",
    .evidence = "the zone, and whether it was answered",
    .live = "DNS messages of the first 64 KiB of a flow",
    .dns = dns,
};

}  // namespace vmoat
