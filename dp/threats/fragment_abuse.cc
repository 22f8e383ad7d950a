// Fragment abuse: fragments made to hide headers or to fill memory (RFC 1858, 3128, 7112).
#include "threats/threat.h"

namespace vmoat {

namespace {

constexpr Threshold thresholds[] = {{"incomplete", "datagrams", 200, 1, 1'000'000,
                                     "datagrams from one source that stayed incomplete, in 60 s"}};

constexpr uint64_t broken = bit(Anomaly::fragment_tiny) | bit(Anomaly::fragment_header_cut) |
                            bit(Anomaly::fragment_tcp_offset1) | bit(Anomaly::fragment_length);

/** A ping that is too big has a name of its own. */
bool is_too_big(const Packet& p) {
  const bool icmp = p.proto == IPPROTO_ICMP || p.proto == IPPROTO_ICMPV6;
  return !icmp && (p.anomalies & bit(Anomaly::fragment_too_big)) != 0;
}

void odd(const Packet& p, Alarm& alarm) {
  if ((p.anomalies & broken) != 0 || is_too_big(p)) return alarm.raise(Evidence().anomalies(p.anomalies));
  if ((p.anomalies & bit(Anomaly::fragment_incomplete)) == 0) return;
  const Subject& s = alarm.subject();
  Tally& t = alarm.tally({.slot = s.slot, .segment = s.segment, .a = s.src}, 60);
  if (++t.count >= alarm.threshold(0)) alarm.raise(Evidence() << t.count << " incomplete datagrams in 60 s");
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
    .thresholds = thresholds,
    .anomalies = broken | bit(Anomaly::fragment_too_big) | bit(Anomaly::fragment_incomplete),
    .odd = odd,
};

}  // namespace vmoat
