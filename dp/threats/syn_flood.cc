// SYN flood: connections begun and never completed, to fill a server's backlog (RFC 4987).
#include "threats/threat.h"

namespace vmoat {

namespace {

constexpr Threshold thresholds[] = {{"per-second", "connections", 2000, 10, 100000000,
                                     "begun and not completed at one NIC and way, per second"}};

void second(const NicSecond& nic, Alarm& alarm) {
  const uint64_t begun = nic.per_second(VMOAT_METER_SYN), completed = nic.per_second(VMOAT_METER_COMPLETED);
  if (begun < completed + alarm.threshold(0)) return;
  Evidence text;
  text << begun << " SYN a second, " << completed << " handshakes completed";
  if (nic.subject.family != 0) text << ", most to " << nic.subject.dst << " port " << nic.subject.dport;
  alarm.raise(text);
}

}  // namespace

extern const Threat syn_flood_threat;
const Threat syn_flood_threat = {
    .name = "syn-flood",
    .severity = Severity::high,
    .action = ThreatAction::deny,
    .means = "many connections a second are begun at a NIC and not completed",
    .evidence = "SYN and completed handshakes per second, and where most of them go",
    .live = "the kernel's meters of every frame, also beyond the budget of events",
    .thresholds = thresholds,
    .second = second,
};

}  // namespace vmoat
