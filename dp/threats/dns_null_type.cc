// DNS NULL type: a record that may hold anything (RFC 1035, 3.3.10, experimental); tunnels use it, nobody
// else.
#include "threats/content/messages.h"
#include "threats/evidence.h"
#include "threats/threat.h"

namespace vmoat {
namespace {

void dns(const DnsMessage& message, Alarm& alarm) {
  if (message.null_record)
    alarm.raise(Evidence() << "type NULL " << (message.response ? "answered for " : "asked for ")
                           << message.name);
}

}  // namespace

extern const Threat dns_null_type_threat;
const Threat dns_null_type_threat = {
    .name = "dns-null-type",
    .severity = Severity::medium,
    .action = ThreatAction::alert,
    .means = "a DNS message with a record of type NULL, which nothing but tunnels uses",
    .evidence = "the name",
    .live = "DNS messages of the first 64 KiB of a flow",
    .dns = dns,
};

}  // namespace vmoat
