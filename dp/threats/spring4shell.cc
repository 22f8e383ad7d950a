// Spring4Shell (CVE-2022-22965, and CVE-2010-1622 before it): a parameter whose name walks from a bean to its
// class loader.
#include "apps/text.h"
#include "threats/content/messages.h"
#include "threats/evidence.h"
#include "threats/threat.h"

namespace vmoat {
namespace {

/** "class", "module" and "classLoader" or "protectionDomain" as steps of one name, by dots or by brackets. */
bool walks_to_loader(std::string_view name) {
  const size_t start = find_letters(name, "class");
  if (start == name.npos || (start > 0 && (is_letter(name[start - 1]) || is_digit(name[start - 1]))))
    return false;
  const std::string_view rest = name.substr(start + 5);
  if (rest.empty() || (rest[0] != '.' && rest[0] != '[' && rest[0] != '\'' && rest[0] != '"')) return false;
  return find_letters(rest, "classloader") != rest.npos ||
         find_letters(rest, "protectiondomain") != rest.npos;
}

void input(const HttpInput& in, Alarm& alarm) {
  const bool parameter = in.where == HttpWhere::query || in.where == HttpWhere::form;
  const std::string_view name = in.where == HttpWhere::multipart ? in.value.substr(0, 256) : in.name;
  const bool header = in.where == HttpWhere::multipart && in.name == "content-disposition";
  if ((parameter || header) && walks_to_loader(name))
    alarm.raise(Evidence() << "a parameter that reaches the class loader: " << name);
}

}  // namespace

extern const Threat spring4shell_threat;
const Threat spring4shell_threat = {
    .name = "spring4shell",
    .severity = Severity::critical,
    .action = ThreatAction::deny,
    .means = "a parameter's name reaches the class loader of a Java bean (CVE-2022-22965)",
    .evidence = "the parameter's name",
    .live = "parameters of the first 64 KiB of requests on a connection",
    .input = input,
};

}  // namespace vmoat
