// Heartbleed (CVE-2014-0160): a TLS heartbeat that says it holds more than its record does (RFC 6520, 4), or
// an answer far longer than what was asked.
#include "threats/content/messages.h"
#include "threats/evidence.h"
#include "threats/threat.h"

namespace vmoat {
namespace {

constexpr uint8_t heartbeat = 24, request = 1;
constexpr uint32_t head_bytes = 3, padding_bytes_min = 16;
constexpr uint32_t answer_bytes_more = 512;  // beyond any padding

void tls(const TlsRecord& record, Alarm& alarm) {
  if (record.type != heartbeat) return;
  if (record.heartbeat_asked != 0 && record.length > record.heartbeat_asked + answer_bytes_more)
    return alarm.raise(Evidence() << "a heartbeat of " << record.length << " bytes answers one of "
                                  << record.heartbeat_asked);
  if (record.encrypted || record.body.size() < head_bytes || record.body[0] != request) return;
  const uint32_t says = static_cast<uint32_t>(record.body[1] << 8 | record.body[2]);
  if (head_bytes + says + padding_bytes_min > record.length && head_bytes + says > record.length)
    alarm.raise(Evidence() << "a heartbeat record of " << record.length << " bytes says it holds " << says);
}

}  // namespace

extern const Threat heartbleed_threat;
const Threat heartbleed_threat = {
    .name = "heartbleed",
    .severity = Severity::critical,
    .action = ThreatAction::deny,
    .means = "a TLS heartbeat asks for more than it holds, or its answer gives more (CVE-2014-0160)",
    .evidence = "the record's length and the length it claims, or that of the answer",
    .live = "records of the first 32 KiB of each direction, up to the eighth of application data",
    .tls = tls,
};

}  // namespace vmoat
