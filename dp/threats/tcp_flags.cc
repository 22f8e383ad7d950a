// TCP flag combinations that no stack sends and port scanners do (RFC 9293).
#include "threats/threat.h"

namespace vmoat {

extern const Threat tcp_flags_threat;
const Threat tcp_flags_threat = {
    .name = "tcp-flags",
    .severity = Severity::medium,
    .action = ThreatAction::deny,
    .means =
        "a TCP segment without flags, with FIN, PSH and URG, with SYN and FIN or RST, or a FIN without ACK",
    .evidence = "the anomalies of the segment",
    .live =
        "packets that come up: the first of a flow, those whose TCP flags are news, and what the kernel "
        "could not read; beyond the budget of events the kernel's count of such segments per NIC",
    .anomalies = bit(Anomaly::tcp_no_flags) | bit(Anomaly::tcp_xmas) | bit(Anomaly::tcp_syn_fin) |
                 bit(Anomaly::tcp_syn_rst) | bit(Anomaly::tcp_fin_without_ack),
};

}  // namespace vmoat
