// Rogue router advertisement: a guest offers itself as IPv6 router to its whole segment (RFC 6104).
#include "threats/threat.h"

namespace vmoat {

namespace {

void neighbour(const NeighbourEvent& event, Alarm& alarm) {
  const Subject& s = event.subject;
  const bool guest = s.slot != no_slot && s.way == VMOAT_FROM_NIC;
  if (event.kind != NeighbourEvent::Kind::router || !guest) return;
  alarm.raise(Evidence() << event.address << " at " << event.mac << " advertises itself as router");
}

}  // namespace

extern const Threat rogue_ra_threat;
const Threat rogue_ra_threat = {
    .name = "rogue-ra",
    .severity = Severity::high,
    .action = ThreatAction::deny,
    .means = "a guest sends IPv6 router advertisements",
    .evidence = "address and MAC of the router",
    .live = "every router advertisement that a guest sends",
    .offline = "not seen: a file does not tell which NIC a frame came from",
    .neighbour = neighbour,
};

}  // namespace vmoat
