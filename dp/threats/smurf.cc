// Smurf: echo requests to a broadcast address, so that all answer whoever the source says (CERT CA-1998-01).
#include "threats/threat.h"

namespace vmoat {

namespace {

constexpr Threshold thresholds[] = {
    {"requests", "messages", 10, 1, 1000000, "echo requests to broadcast with one source, in 10 s"}};

constexpr Mac everybody = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

void flow(const FlowEvent& event, Alarm& alarm) {
  const Subject& s = event.subject;
  const bool echo = s.proto == IPPROTO_ICMP && s.dport == 8 << 8;
  if (!echo || event.session.mac[1 - event.session.client()] != everybody) return;
  Tally& t = alarm.tally({.slot = s.slot, .segment = s.segment, .a = s.src}, 10);
  t.count += event.packets[0];
  if (t.count < alarm.threshold(0)) return;
  alarm.raise(Evidence() << t.count << " echo requests to " << s.dst << " in the name of " << s.src);
}

}  // namespace

extern const Threat smurf_threat;
const Threat smurf_threat = {
    .name = "smurf",
    .severity = Severity::high,
    .action = ThreatAction::deny,
    .means = "ICMP echo requests to a broadcast address in the name of a victim",
    .evidence = "how many, to which address, in whose name",
    .live = "every echo request to broadcast, as the kernel counts its flows each second",
    .thresholds = thresholds,
    .flows = flow_grown,
    .flow = flow,
};

}  // namespace vmoat
