// Teardrop: fragments that overlap (RFC 5722 forbids them, CERT CA-1997-28).
#include "threats/threat.h"

namespace vmoat {

extern const Threat teardrop_threat;
const Threat teardrop_threat = {
    .name = "teardrop",
    .severity = Severity::high,
    .action = ThreatAction::deny,
    .means = "fragments of one datagram overlap with other content or other bounds",
    .evidence = "the anomalies of the fragment",
    .live = "every fragment within the NIC's budget of events",
    .anomalies = bit(Anomaly::fragment_overlap),
};

}  // namespace vmoat
