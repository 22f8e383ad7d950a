// DNS loop: a name whose compression pointers lead in a circle, or forward (RFC 1035, 4.1.4; RFC 9267, 2).
#include "threats/content/messages.h"
#include "threats/evidence.h"
#include "threats/threat.h"

namespace vmoat {
namespace {

void dns(const DnsMessage& message, Alarm& alarm) {
  if ((message.faults & dns_pointer_loop) == 0) return;
  alarm.raise(Evidence() << (message.response ? "an answer" : "a query") << " of " << message.bytes
                         << " bytes, a pointer that does not lead backwards; name so far: " << message.name);
}

}  // namespace

extern const Threat dns_loop_threat;
const Threat dns_loop_threat = {
    .name = "dns-loop",
    .severity = Severity::high,
    .action = ThreatAction::deny,
    .means = "a DNS message whose compression pointers lead in a circle",
    .evidence = "the message's size and the name as far as it could be read",
    .live = "DNS messages of the first 64 KiB of a flow",
    .dns = dns,
};

}  // namespace vmoat
