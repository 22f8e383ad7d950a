// ARP spoofing: somebody says that an address is its own which belongs to another.
#include "threats/claim.h"
#include "threats/threat.h"

namespace vmoat {

namespace {

constexpr Threshold thresholds[] = {
    {"claims", "messages", 3, 1, 1000, "in turns with the owner, or to one listener unasked, in 60 s"}};

void neighbour(const NeighbourEvent& event, Alarm& alarm) {
  if (event.kind == NeighbourEvent::Kind::arp) judge_claim(event, alarm);
}

}  // namespace

extern const Threat arp_spoofing_threat;
const Threat arp_spoofing_threat = {
    .name = "arp-spoofing",
    .severity = Severity::high,
    .action = ThreatAction::deny,
    .means =
        "an ARP message claims an address that another MAC has claimed and still does, or that is the host's "
        "own",
    .evidence = "the address and the MACs that claim it",
    .live = "every ARP message that the NIC's guest sends or receives",
    .offline = "the same, of every frame in the file; the host's own addresses are not known",
    .thresholds = thresholds,
    .neighbour = neighbour,
};

}  // namespace vmoat
