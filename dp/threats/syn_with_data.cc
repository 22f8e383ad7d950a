// SYN with data: payload before the handshake, which servers without TCP Fast Open (RFC 7413) may keep.
#include "threats/threat.h"

namespace vmoat {

namespace {

bool applies(const Packet& p) {
  return !p.fast_open;
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
    .applies = applies,
};

}  // namespace vmoat
