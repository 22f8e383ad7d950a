// Amplification: small questions in a victim's name, large answers to the victim (US-CERT TA14-017A).
#include "threats/amplifiers.h"
#include "threats/threat.h"

namespace vmoat {

namespace {

constexpr Threshold thresholds[] = {
    {"ratio", "times", 20, 2, 10000, "bytes of the answers over bytes of the questions"},
    {"bytes", "bytes", 1048576, 1024, 1000000000000, "of answers from one server to one client, in 10 s"},
    {"unasked-bytes", "bytes", 65536, 1024, 1000000000000,
     "of answers that nobody asked for, from one port to one client, in 10 s"}};

enum Word : uint8_t { asked, answered };

void flow(const FlowEvent& event, Alarm& alarm) {
  const Subject& s = event.subject;
  Tally& t = alarm.tally({.slot = s.slot, .port = s.dport, .segment = s.segment, .a = s.src, .b = s.dst}, 10);
  t.words[asked] += event.bytes[0];
  t.words[answered] += event.bytes[1];
  t.count++;
  const bool unasked = t.words[asked] == 0 && t.words[answered] >= alarm.threshold(2);
  const bool large = t.words[answered] >= alarm.threshold(1) && t.words[asked] > 0 &&
                     t.words[answered] / t.words[asked] >= alarm.threshold(0);
  if (!unasked && !large) return;
  alarm.raise(Evidence() << t.words[answered] << " bytes from " << s.dst << " port " << s.dport << " to "
                         << s.src << " for " << t.words[asked] << " bytes asked, in 10 s");
}

}  // namespace

extern const Threat amplification_threat;
const Threat amplification_threat = {
    .name = "amplification",
    .severity = Severity::high,
    .action = ThreatAction::deny,
    .means =
        "a server over UDP answers much more than it is asked, or unasked: it is made to flood whom the "
        "questions name",
    .evidence = "bytes asked and answered, server and port",
    .live = "every packet of such a service, as the kernel counts its flows each second",
    .thresholds = thresholds,
    .flows = flow_grown,
    .flow = flow,
};

}  // namespace vmoat
