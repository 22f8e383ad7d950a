// Port scan: one source tries many ports of one host, and most do not answer.
#include "threats/scan.h"
#include "threats/threat.h"

namespace vmoat {

namespace {

constexpr Threshold thresholds[] = {
    {"ports", "ports", 25, 3, 500, "of one host that did not answer one source, in 60 s"}};

void flow(const FlowEvent& event, Alarm& alarm) {
  if (!is_attempt(event)) return;
  const Subject& s = event.subject;
  Tally& t = alarm.tally({.slot = s.slot, .segment = s.segment, .a = s.src, .b = s.dst}, 60);
  const uint64_t ports = count_attempt(t, item_of(uint64_t{s.proto} << 16 | s.dport));
  if (ports < alarm.threshold(0)) return;
  alarm.raise(Evidence() << ports << " ports of " << s.dst << " did not answer, last " << s.dport);
}

}  // namespace

extern const Threat port_scan_threat;
const Threat port_scan_threat = {
    .name = "port-scan",
    .severity = Severity::medium,
    .action = ThreatAction::alert,
    .means =
        "one source tries many TCP or UDP ports of one host that do not answer; traceroute's ports are not "
        "counted",
    .evidence = "how many ports, of which host, and the last one",
    .live = "new flows within the NIC's budget of events, of which 65,536 may wait for an answer at once",
    .thresholds = thresholds,
    .flows = flow_failed,
    .flow = flow,
};

}  // namespace vmoat
