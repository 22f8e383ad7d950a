// Smurf: echo requests to a broadcast address, so that all answer whoever the source says (CERT CA-1998-01).
#include "threats/threat.h"

namespace vmoat {

namespace {

constexpr Threshold thresholds[] = {
    {"requests", "messages", 10, 1, 1000000, "echo requests to broadcast with one source, in 10 s"}};

bool is_broadcast(const Packet& p) {
  constexpr Mac everybody = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
  const uint8_t* v4 = p.dst.bytes() + 12;
  const bool limited = (v4[0] & v4[1] & v4[2] & v4[3]) == 0xff;
  return limited || (p.has_macs && p.dst_mac == everybody);
}

void packet(const PacketEvent& event, Alarm& alarm) {
  const Packet& p = event.packet;
  const bool echo = p.proto == IPPROTO_ICMP && p.family == 4 && !p.payload.empty() && p.payload[0] == 8;
  if (!echo || !is_broadcast(p)) return;
  const Subject& s = event.subject;
  Tally& t = alarm.tally({.slot = s.slot, .segment = s.segment, .a = s.src}, 10);
  if (++t.count < alarm.threshold(0)) return;
  alarm.raise(Evidence() << t.count << " echo requests to " << s.dst << " in the name of " << s.src);
}

}  // namespace

extern const Threat smurf_threat;
const Threat smurf_threat = {
    .name = "smurf",
    .severity = Severity::high,
    .action = ThreatAction::deny,
    .means = "ICMP echo requests to a broadcast address in the name of a victim",
    .evidence = "how many, to which address, in whose name",
    .live = "echo requests within the NIC's budget of events, the first 4,096 bytes of each flow",
    .thresholds = thresholds,
    .packets = packet_icmp,
    .packet = packet,
};

}  // namespace vmoat
