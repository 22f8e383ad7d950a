// DNS overflow: names and records that end beyond what holds them (RFC 9267, 3 and 4).
#include "threats/content/messages.h"
#include "threats/evidence.h"
#include "threats/threat.h"

namespace vmoat {
namespace {

std::string_view fault_of(const DnsMessage& message) {
  if ((message.faults & dns_name_too_long) != 0) return "a name of more than 255 bytes";
  if ((message.faults & dns_label_invalid) != 0) return "a label of more than 63 bytes";
  if ((message.faults & dns_record_overrun) != 0) return "a record's data ends beyond the message";
  if ((message.faults & dns_data_mismatch) != 0) return "an address record of another length";
  return {};
}

void dns(const DnsMessage& message, Alarm& alarm) {
  const std::string_view fault = fault_of(message);
  if (fault.empty()) return;
  alarm.raise(Evidence() << fault << ", in " << (message.response ? "an answer" : "a query") << " of "
                         << message.bytes << " bytes for " << message.name);
}

}  // namespace

extern const Threat dns_overflow_threat;
const Threat dns_overflow_threat = {
    .name = "dns-overflow",
    .severity = Severity::high,
    .action = ThreatAction::deny,
    .means = "a DNS message whose names or records are longer than what holds them",
    .evidence = "what is too long, and the message's size and name",
    .live = "DNS messages of the first 64 KiB of a flow",
    .dns = dns,
};

}  // namespace vmoat
