// Shellshock (CVE-2014-6271): a header field that a CGI would hand to bash as a function with a command
// behind it.
#include "apps/text.h"
#include "threats/content/messages.h"
#include "threats/evidence.h"
#include "threats/threat.h"

namespace vmoat {
namespace {

/** "() {" at the front, blanks between as one likes. */
bool is_function(std::string_view text) {
  text = trim(text);
  for (char wanted : {'(', ')', '{'}) {
    text = trim(text);
    if (text.empty() || text[0] != wanted) return false;
    text.remove_prefix(1);
  }
  return true;
}

/** A cookie's name is what stands at the front of its field. */
void input(const HttpInput& in, Alarm& alarm) {
  const std::string_view text = in.where == HttpWhere::cookie ? in.name : in.value;
  if (is_function(text)) alarm.raise(Evidence() << in.name << ": " << in.value);
}

}  // namespace

extern const Threat shellshock_threat;
const Threat shellshock_threat = {
    .name = "shellshock",
    .severity = Severity::critical,
    .action = ThreatAction::deny,
    .means =
        "a header field or parameter is a function definition of bash with a command behind it "
        "(CVE-2014-6271)",
    .evidence = "the field or parameter",
    .live = "heads and parameters of the first 64 KiB of requests on a connection",
    .input = input,
};

}  // namespace vmoat
