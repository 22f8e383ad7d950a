// Fragment abuse: fragments made to hide headers or to fill memory (RFC 1858, 3128, 7112).
#include "threats/threat.h"

namespace vmoat {

namespace {

/** Too big a ping has a name of its own. */
bool applies(const Packet& p) {
  const bool icmp = p.proto == IPPROTO_ICMP || p.proto == IPPROTO_ICMPV6;
  return !icmp || (p.anomalies & bit(Anomaly::fragment_too_big)) == 0;
}

}  // namespace

extern const Threat fragment_abuse_threat;
const Threat fragment_abuse_threat = {
    .name = "fragment-abuse",
    .severity = Severity::medium,
    .action = ThreatAction::deny,
    .means =
        "tiny fragments, a fragment over the TCP flags, a header chain split over fragments, fragments that "
        "disagree about their datagram's length or never make one",
    .evidence = "the anomalies of the fragment, or how many datagrams stayed incomplete",
    .live = "every fragment within the NIC's budget of events",
    .anomalies = bit(Anomaly::fragment_tiny) | bit(Anomaly::fragment_header_cut) |
                 bit(Anomaly::fragment_tcp_offset1) | bit(Anomaly::fragment_length) |
                 bit(Anomaly::fragment_too_big),
    .applies = applies,
};

}  // namespace vmoat
