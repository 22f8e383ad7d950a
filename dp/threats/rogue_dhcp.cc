// Rogue DHCP server: a guest gives out addresses, and with them a gateway and name servers of its choice.
#include "threats/threat.h"

namespace vmoat {

namespace {

void neighbour(const NeighbourEvent& event, Alarm& alarm) {
  const Subject& s = event.subject;
  const bool guest = s.slot != no_slot && s.way == VMOAT_FROM_NIC;
  if (event.kind != NeighbourEvent::Kind::dhcp_server || !guest) return;
  alarm.raise(Evidence() << event.address << " at " << event.mac << " answers DHCP");
}

}  // namespace

extern const Threat rogue_dhcp_threat;
const Threat rogue_dhcp_threat = {
    .name = "rogue-dhcp",
    .severity = Severity::high,
    .action = ThreatAction::deny,
    .means = "a guest answers DHCP or DHCPv6; the network's own server is on the bridge and no guest",
    .evidence = "address and MAC of the server",
    .live = "every DHCP message that a guest sends",
    .offline = "not seen: a file does not tell which NIC a frame came from",
    .neighbour = neighbour,
};

}  // namespace vmoat
