// UDP flood: datagrams to ever new ports or from ever new sources, or more than any service sends.
#include "threats/threat.h"

namespace vmoat {

namespace {

constexpr Threshold thresholds[] = {
    {"flows-per-second", "flows", 10000, 10, 100000000, "new UDP flows at one NIC and way, per second"},
    {"packets-per-second", "packets", 1000000, 1000, 1000000000,
     "UDP packets at one NIC and way, per second"}};

void second(const NicSecond& nic, Alarm& alarm) {
  const uint64_t flows = nic.per_second(VMOAT_METER_UDP_NEW), packets = nic.per_second(VMOAT_METER_UDP);
  if (flows < alarm.threshold(0) && packets < alarm.threshold(1)) return;
  Evidence text;
  text << packets << " UDP packets a second in " << flows << " new flows";
  if (nic.subject.family != 0) text << ", most to " << nic.subject.dst;
  alarm.raise(text);
}

}  // namespace

extern const Threat udp_flood_threat;
const Threat udp_flood_threat = {
    .name = "udp-flood",
    .severity = Severity::high,
    .action = ThreatAction::deny,
    .means = "many new UDP flows or very many UDP packets a second at a NIC",
    .evidence = "packets and new flows per second, and where most of them go",
    .live = "the kernel's meters of every frame, also beyond the budget of events",
    .thresholds = thresholds,
    .crowd = CrowdKind::udp,
    .second = second,
};

}  // namespace vmoat
