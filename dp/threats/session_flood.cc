// Session flood: one client completes more connections to one server than it can mean.
#include "threats/threat.h"

namespace vmoat {

namespace {

constexpr Threshold thresholds[] = {
    {"per-second", "connections", 2000, 10, 10000000, "completed by one client to one server, per second"}};

/** Most connections are no flood: up to an eighth of the threshold none is counted, which is less than
 * anybody would tell from it. */
bool may_flood(const Subject& s, Alarm& alarm) {
  const uint64_t ends = item_of(s.src, item_of(s.dst, uint64_t{s.slot} << 32 | s.segment));
  return alarm.rate(ends) > alarm.threshold(0) / 8;
}

void flow(const FlowEvent& event, Alarm& alarm) {
  const Subject& s = event.subject;
  if (!may_flood(s, alarm)) return;
  Tally& t = alarm.tally({.slot = s.slot, .segment = s.segment, .a = s.src, .b = s.dst}, 1);
  if (++t.count < alarm.threshold(0)) return;
  alarm.raise(Evidence() << t.count << " connections within a second to " << s.dst << " port " << s.dport);
}

}  // namespace

extern const Threat session_flood_threat;
const Threat session_flood_threat = {
    .name = "session-flood",
    .severity = Severity::high,
    .action = ThreatAction::deny,
    .means = "one client completes very many TCP connections a second to one server",
    .evidence = "connections within the second, server and port",
    .live = "the end of every handshake within the NIC's budget of events",
    .thresholds = thresholds,
    .flows = flow_established,
    .flow = flow,
};

}  // namespace vmoat
