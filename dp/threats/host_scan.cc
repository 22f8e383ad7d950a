// Host scan: one source tries the same port, or ping, on many hosts, and most do not answer.
#include "threats/scan.h"
#include "threats/threat.h"

namespace vmoat {

namespace {

constexpr Threshold thresholds[] = {
    {"hosts", "hosts", 100, 3, 500, "that did not answer one source on one port, in 60 s"}};

void flow(const FlowEvent& event, Alarm& alarm) {
  if (!is_attempt(event)) return;
  const Subject& s = event.subject;
  const auto port = static_cast<uint16_t>(s.dport ^ s.proto << 8);
  Tally& t = alarm.tally({.slot = s.slot, .port = port, .segment = s.segment, .a = s.src}, 60);
  const uint64_t hosts = count_attempt(t, item_of(s.dst));
  if (hosts < alarm.threshold(0)) return;
  Evidence text;
  text << hosts << " hosts did not answer";
  if (s.proto == IPPROTO_TCP || s.proto == IPPROTO_UDP) text << " on port " << s.dport;
  alarm.raise(text << ", last " << s.dst);
}

}  // namespace

extern const Threat host_scan_threat;
const Threat host_scan_threat = {
    .name = "host-scan",
    .severity = Severity::medium,
    .action = ThreatAction::alert,
    .means = "one source tries the same port, or ping, on many hosts that do not answer",
    .evidence = "how many hosts, the port and the last host",
    .live = "new flows within the NIC's budget of events, of which 65,536 may wait for an answer at once",
    .thresholds = thresholds,
    .flows = flow_failed,
    .flow = flow,
};

}  // namespace vmoat
