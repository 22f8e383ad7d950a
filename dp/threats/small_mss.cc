// Small MSS: segments so small that one costs more than it carries (CVE-2019-11477 to 11479).
#include "threats/threat.h"

namespace vmoat {

namespace {

constexpr Threshold thresholds[] = {{"bytes", "bytes", 128, 1, 65535, "a SYN that offers less"}};

void packet(const PacketEvent& event, Alarm& alarm) {
  const uint16_t mss = event.packet.mss;
  if (mss == 0 || mss >= alarm.threshold(0)) return;
  alarm.raise(Evidence() << "maximum segment size of " << mss << " bytes");
}

}  // namespace

extern const Threat small_mss_threat;
const Threat small_mss_threat = {
    .name = "small-mss",
    .severity = Severity::medium,
    .action = ThreatAction::deny,
    .means = "a SYN offers a maximum segment size that makes the other end send tiny segments",
    .evidence = "the size offered",
    .live = "every SYN within the NIC's budget of events",
    .thresholds = thresholds,
    .packets = packet_syn,
    .packet = packet,
};

}  // namespace vmoat
