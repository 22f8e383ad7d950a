// Slow scan: a source that tries few at a time, but many within an hour, among addresses of the data centre.
#include "threats/scan.h"
#include "threats/threat.h"

namespace vmoat {

namespace {

constexpr Threshold thresholds[] = {{"attempts", "ports", 200, 10, 500,
                                     "different hosts and ports that did not answer one source, in an hour"}};

void flow(const FlowEvent& event, Alarm& alarm) {
  const Subject& s = event.subject;
  if (!is_attempt(event) || s.proto == IPPROTO_UDP || !is_private(s.dst)) return;
  Tally& t = alarm.tally({.slot = s.slot, .segment = s.segment, .a = s.src}, 3600);
  const uint64_t attempts = count_attempt(t, item_of(s.dst, uint64_t{s.proto} << 16 | s.dport));
  if (attempts < alarm.threshold(0)) return;
  alarm.raise(Evidence() << attempts << " different hosts and ports did not answer within an hour, last "
                         << s.dst << " port " << s.dport);
}

}  // namespace

extern const Threat slow_scan_threat;
const Threat slow_scan_threat = {
    .name = "slow-scan",
    .severity = Severity::medium,
    .action = ThreatAction::alert,
    .means =
        "within an hour one source tries many private addresses and TCP ports, or pings, that do not answer",
    .evidence = "how many hosts and ports, and the last one",
    .live = "new flows within the NIC's budget of events, of which 65,536 may wait for an answer at once",
    .thresholds = thresholds,
    .flows = flow_failed,
    .flow = flow,
};

}  // namespace vmoat
