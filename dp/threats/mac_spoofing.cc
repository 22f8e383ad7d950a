// MAC spoofing: a guest sends frames with another source MAC than libvirt gave its NIC.
#include "threats/claim.h"
#include "threats/threat.h"

namespace vmoat {

namespace {

void judge(const Subject& s, const Mac& mac, Alarm& alarm) {
  if (!s.from_guest() || is_virtual_router(mac)) return;
  const Mac own = alarm.owners().nic(s.slot).mac;
  if (own != Mac{} && own != mac) alarm.raise(Evidence() << "frames from " << mac << ", the NIC has " << own);
}

void packet(const PacketEvent& event, Alarm& alarm) {
  if (!event.inside && event.packet.has_macs) judge(event.subject, event.packet.src_mac, alarm);
}

void neighbour(const NeighbourEvent& event, Alarm& alarm) {
  judge(event.subject, event.frame_mac, alarm);
}

}  // namespace

extern const Threat mac_spoofing_threat;
const Threat mac_spoofing_threat = {
    .name = "mac-spoofing",
    .severity = Severity::medium,
    .action = ThreatAction::deny,
    .means = "a guest sends with a source MAC that is neither its NIC's nor one that routers share",
    .evidence = "both MACs",
    .live =
        "the first packet of every flow within the NIC's budget of events and every ARP and NDP message, "
        "where libvirt knows the NIC",
    .offline = "not seen: a file does not tell which NIC a frame came from",
    .packets = packet_first,
    .packet = packet,
    .neighbour = neighbour,
};

}  // namespace vmoat
