// SYN with data: payload before the handshake, which servers without TCP Fast Open (RFC 7413) may keep.
#include "threats/threat.h"

namespace vmoat {

namespace {

void odd(const Packet& p, Alarm& alarm) {
  if (p.fast_open) return;
  alarm.raise(Evidence() << p.payload_length << " bytes of data with a SYN");
}

}  // namespace

extern const Threat syn_with_data_threat;
const Threat syn_with_data_threat = {
    .name = "syn-with-data",
    .severity = Severity::low,
    .action = ThreatAction::alert,
    .means = "a TCP SYN that carries data and does not ask for TCP Fast Open",
    .evidence = "the anomalies of the segment",
    .live = "every SYN within the NIC's budget of events",
    .anomalies = bit(Anomaly::tcp_syn_data),
    .odd = odd,
};

}  // namespace vmoat
