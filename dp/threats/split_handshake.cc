// Split handshake: the server answers a SYN with a SYN of its own, so that whoever watches takes it for the
// client.
#include "threats/threat.h"

namespace vmoat {

extern const Threat split_handshake_threat;
const Threat split_handshake_threat = {
    .name = "split-handshake",
    .severity = Severity::medium,
    .action = ThreatAction::deny,
    .means = "both ends of a TCP connection sent a SYN without ACK",
    .evidence = "the anomalies of the segment",
    .live = "every SYN within the NIC's budget of events",
    .anomalies = bit(Anomaly::tcp_split_handshake),
};

}  // namespace vmoat
