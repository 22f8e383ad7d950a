// Lateral movement: a machine suddenly speaks to many others on the ports that administer them.
#include "threats/scan.h"
#include "threats/threat.h"

namespace vmoat {

namespace {

constexpr Threshold thresholds[] = {
    {"peers", "hosts", 20, 3, 500, "new ones that one source reached on administration ports, in 600 s"}};

bool is_administration(uint16_t port) {
  switch (port) {
    case 22:    // ssh
    case 23:    // telnet
    case 135:   // DCE/RPC
    case 139:   // NetBIOS
    case 445:   // SMB
    case 2375:  // Docker
    case 3389:  // RDP
    case 5900:  // VNC
    case 5985:  // WinRM
    case 5986:
    case 10250:  // kubelet
      return true;
    default:
      return false;
  }
}

void flow(const FlowEvent& event, Alarm& alarm) {
  const Subject& s = event.subject;
  const bool guest = s.slot == no_slot || s.way == VMOAT_FROM_NIC;
  if (!is_administration(s.dport) || !guest || !is_private(s.dst)) return;
  const uint64_t peer = item_of(s.dst);
  Tally& known = alarm.tally({.slot = s.slot, .port = 1, .segment = s.segment, .a = s.src}, 86400);
  if (known.distinct.has(peer)) return;
  known.distinct.add(peer);
  known.count++;
  Tally& t = alarm.tally({.slot = s.slot, .segment = s.segment, .a = s.src}, 600);
  t.distinct.add(peer);
  t.count = t.distinct.count();
  if (t.count < alarm.threshold(0)) return;
  alarm.raise(Evidence() << t.count << " new peers on administration ports in 600 s, last " << s.dst
                         << " port " << s.dport);
}

}  // namespace

extern const Threat lateral_movement_threat;
const Threat lateral_movement_threat = {
    .name = "lateral-movement",
    .severity = Severity::medium,
    .action = ThreatAction::alert,
    .means =
        "one source completes connections to many private addresses on administration ports (ssh, telnet, "
        "SMB, RDP, VNC, WinRM, Docker, kubelet) that it did not speak to in the day before",
    .evidence = "how many new peers, and the last one",
    .live = "the end of every handshake within the NIC's budget of events",
    .thresholds = thresholds,
    .flows = flow_established,
    .flow = flow,
};

}  // namespace vmoat
