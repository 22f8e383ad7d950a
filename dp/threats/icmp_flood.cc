// ICMP flood: more messages than anybody needs to know that a host is there.
#include "threats/threat.h"

namespace vmoat {

namespace {

constexpr Threshold thresholds[] = {
    {"per-second", "messages", 1000, 10, 100000000, "at one NIC and way, per second"}};

void second(const NicSecond& nic, Alarm& alarm) {
  const uint64_t seen = nic.per_second(VMOAT_METER_ICMP);
  if (seen < alarm.threshold(0)) return;
  Evidence text;
  text << seen << " ICMP messages a second";
  if (nic.subject.family != 0) text << ", most to " << nic.subject.dst;
  alarm.raise(text);
}

}  // namespace

extern const Threat icmp_flood_threat;
const Threat icmp_flood_threat = {
    .name = "icmp-flood",
    .severity = Severity::high,
    .action = ThreatAction::deny,
    .means = "many ICMP or ICMPv6 messages a second at a NIC, neighbour discovery not counted",
    .evidence = "messages per second, and where most of them go",
    .live = "the kernel's meters of every frame, also beyond the budget of events",
    .thresholds = thresholds,
    .crowd = CrowdKind::icmp,
    .second = second,
};

}  // namespace vmoat
