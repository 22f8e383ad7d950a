// Ping of death: an ICMP message whose fragments make more than 65,535 bytes (CERT CA-1996-26).
#include "threats/threat.h"

namespace vmoat {

namespace {

void odd(const Packet& p, Alarm& alarm) {
  if (p.proto == IPPROTO_ICMP || p.proto == IPPROTO_ICMPV6) alarm.raise(Evidence().anomalies(p.anomalies));
}

}  // namespace

extern const Threat ping_of_death_threat;
const Threat ping_of_death_threat = {
    .name = "ping-of-death",
    .severity = Severity::high,
    .action = ThreatAction::deny,
    .means = "ICMP fragments that would make a datagram of more than 65,535 bytes",
    .evidence = "the anomalies of the fragment",
    .live = "every fragment within the NIC's budget of events",
    .anomalies = bit(Anomaly::fragment_too_big),
    .odd = odd,
};

}  // namespace vmoat
