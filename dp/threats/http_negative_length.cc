// Negative length: a Content-Length below zero, or one that no 63 bits hold: it overflows in a careless
// server.
#include "apps/text.h"
#include "threats/content/messages.h"
#include "threats/evidence.h"
#include "threats/threat.h"

namespace vmoat {
namespace {

void http(const HttpHead& head, Alarm& alarm) {
  if ((head.framing & length_negative) == 0) return;
  for (const HttpField& field : head.fields)
    if (same_letters(trim(field.name), "content-length"))
      return alarm.raise(Evidence() << "Content-Length: " << field.value);
}

}  // namespace

extern const Threat http_negative_length_threat;
const Threat http_negative_length_threat = {
    .name = "http-negative-length",
    .severity = Severity::high,
    .action = ThreatAction::deny,
    .means = "an HTTP head with a negative Content-Length, or one beyond 63 bits",
    .evidence = "the field",
    .live = "heads of the first 64 KiB of requests and 8 KiB of answers on a connection",
    .http = http,
};

}  // namespace vmoat
