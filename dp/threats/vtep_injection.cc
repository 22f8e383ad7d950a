// VTEP injection: a guest speaks VXLAN or Geneve to the host itself, and so into other tenants' segments.
#include "threats/threat.h"

namespace vmoat {

namespace {

bool is_vtep(uint16_t port) {
  return port == 4789 || port == 4790 || port == 8472 || port == 6081;
}

void packet(const PacketEvent& event, Alarm& alarm) {
  const Subject& s = event.subject;
  const bool guest = s.from_guest();
  if (event.inside || !guest || s.proto != IPPROTO_UDP || !is_vtep(s.dport)) return;
  if (!alarm.owners().is_host(s.dst)) return;
  alarm.raise(Evidence() << "tunnel frames to the host's own " << s.dst << " port " << s.dport);
}

}  // namespace

extern const Threat vtep_injection_threat;
const Threat vtep_injection_threat = {
    .name = "vtep-injection",
    .severity = Severity::critical,
    .action = ThreatAction::deny,
    .means = "a guest sends VXLAN (ports 4789, 4790, 8472) or Geneve (6081) to an address of the host",
    .evidence = "the host's address and the port",
    .live = "the first packet of every flow within the NIC's budget of events",
    .offline = "not seen: a file does not tell which addresses are the host's",
    .packets = packet_first,
    .packet = packet,
};

}  // namespace vmoat
