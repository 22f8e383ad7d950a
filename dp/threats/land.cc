// LAND: a packet that seems to come from where it goes (CERT CA-1997-28).
#include "threats/threat.h"

namespace vmoat {

extern const Threat land_threat;
const Threat land_threat = {
    .name = "land",
    .severity = Severity::high,
    .action = ThreatAction::deny,
    .means = "source and destination address and port of a TCP or UDP packet are the same",
    .evidence = "the anomalies of the packet",
    .live =
        "packets that come up: the first of a flow, those whose TCP flags are news, and what the kernel "
        "could not read",
    .anomalies = bit(Anomaly::ip_land),
};

}  // namespace vmoat
