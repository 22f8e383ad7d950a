// The registry: every threat that vmoat knows (list.h).
#include "threats/list.h"
#include "threats/threat.h"

namespace vmoat {

#define DECLARE(name) extern const Threat name##_threat;
EACH_THREAT(DECLARE)
#undef DECLARE

std::span<const Threat> threats() {
#define ENTRY(name) name##_threat,
  static const Threat all[] = {EACH_THREAT(ENTRY)};
#undef ENTRY
  static_assert(std::size(all) <= 64);
  return all;
}

std::string_view severity_name(Severity severity) {
  constexpr std::string_view names[] = {"low", "medium", "high", "critical"};
  return names[static_cast<size_t>(severity)];
}

std::string_view action_name(ThreatAction action) {
  return action == ThreatAction::deny ? "deny" : "alert";
}

}  // namespace vmoat
