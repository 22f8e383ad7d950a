// Invalid packets: headers that no stack sends, broken on purpose to confuse whoever reads them.
#include "threats/threat.h"

namespace vmoat {

extern const Threat invalid_packet_threat;
const Threat invalid_packet_threat = {
    .name = "invalid-packet",
    .severity = Severity::medium,
    .action = ThreatAction::deny,
    .means = "an IP, TCP, UDP or ICMP header that contradicts itself or its packet",
    .evidence = "the anomalies of the packet",
    .live =
        "packets that come up: the first of a flow, those whose TCP flags are news, and what the kernel "
        "could not read",
    .anomalies = bit(Anomaly::ipv4_header_length) | bit(Anomaly::ipv4_total_length) |
                 bit(Anomaly::ipv4_version) | bit(Anomaly::ipv4_options) | bit(Anomaly::ipv4_source_route) |
                 bit(Anomaly::ipv6_version) | bit(Anomaly::ipv6_extension_short) |
                 bit(Anomaly::ipv6_extensions_many) | bit(Anomaly::ipv6_extension_order) |
                 bit(Anomaly::ipv6_route0) | bit(Anomaly::tcp_short) | bit(Anomaly::tcp_header_length) |
                 bit(Anomaly::tcp_options) | bit(Anomaly::udp_short) | bit(Anomaly::udp_length) |
                 bit(Anomaly::icmp_short),
};

}  // namespace vmoat
