// Rogue router advertisement: a guest offers itself as IPv6 router, or ends the router that there is, in a
// segment that has another one (RFC 6104).
#include "threats/authority.h"

namespace vmoat {

namespace {

void neighbour(const NeighbourEvent& event, Alarm& alarm) {
  constexpr uint16_t router = 1;
  if (event.kind != NeighbourEvent::Kind::router) return;
  if (const auto known = served_by_other(event, router, alarm))
    alarm.raise(Evidence() << event.address << " at " << event.mac << " advertises a router; " << *known
                           << " is the known one");
}

}  // namespace

extern const Threat rogue_ra_threat;
const Threat rogue_ra_threat = {
    .name = "rogue-ra",
    .severity = Severity::high,
    .action = ThreatAction::deny,
    .means =
        "a guest sends IPv6 router advertisements, or withdraws a router, in a segment whose known router is "
        "another. Known is the router that is no guest, else the first guest that advertises in a day: the "
        "only "
        "router of its segment is none, nor are two that share a virtual MAC; a segment without a router is "
        "not "
        "guarded against its first",
    .evidence = "address and MAC of the router, the MAC of the known one",
    .live = "every router advertisement that a guest sends or receives",
    .offline = "not seen: a file does not tell which NIC a frame came from",
    .neighbour = neighbour,
};

}  // namespace vmoat
