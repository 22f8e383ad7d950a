// Request smuggling (RFC 9112, 11.2): a request whose end two servers would see in different places.
#include "apps/text.h"
#include "threats/content/messages.h"
#include "threats/evidence.h"
#include "threats/threat.h"

namespace vmoat {
namespace {

std::string_view judge(uint8_t framing) {
  if ((framing & coding_obscured) != 0) return "a Transfer-Encoding that not every server reads";
  if ((framing & lengths_differ) != 0) return "two Content-Lengths that differ";
  const uint8_t both = has_length | is_chunked;
  if ((framing & both) == both) return "Content-Length and Transfer-Encoding: chunked";
  return {};
}

bool is_framing(std::string_view name) {
  const std::string_view plain = trim(name);
  return same_letters(plain, "content-length") || find_letters(plain.substr(0, 8), "transfer") == 0;
}

void http(const HttpHead& head, Alarm& alarm) {
  if (!head.request) return;
  const std::string_view why = judge(head.framing);
  if (why.empty()) return;
  Evidence evidence;
  evidence << why << ":";
  bool here = false;
  for (const HttpField& field : head.fields)
    if (is_framing(field.name) || field.folded)
      evidence << " " << field.name << ": " << field.value, here = true;
  if (here) alarm.raise(evidence);
}

}  // namespace

extern const Threat http_smuggling_threat;
const Threat http_smuggling_threat = {
    .name = "http-smuggling",
    .severity = Severity::high,
    .action = ThreatAction::deny,
    .means = "an HTTP request whose end two servers would see in different places",
    .evidence = "what is wrong, and the fields that say where the request ends",
    .live = "heads of the first 64 KiB of requests on a connection",
    .http = http,
};

}  // namespace vmoat
