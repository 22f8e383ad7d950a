// MySQL access denied: a server has refused several logins of one client (error 1045 or 1698).
#include "threats/content/messages.h"
#include "threats/evidence.h"
#include "threats/threat.h"

namespace vmoat {
namespace {

constexpr uint32_t window_s = 60;
constexpr Threshold thresholds[] = {
    {"logins", "logins", 3, 1, 1000, "refused to one client by one server, in a minute"}};

void login(const Login& refused, Alarm& alarm) {
  if (refused.application != "mysql") return;
  const Subject& s = alarm.subject();
  Tally& tally =
      alarm.tally({.slot = s.slot, .port = s.dport, .segment = s.segment, .a = s.src, .b = s.dst}, window_s);
  if (++tally.count >= alarm.threshold(0))
    alarm.raise(Evidence() << tally.count << " refused: " << refused.reason);
}

}  // namespace

extern const Threat mysql_access_denied_threat;
const Threat mysql_access_denied_threat = {
    .name = "mysql-access-denied",
    .severity = Severity::medium,
    .action = ThreatAction::alert,
    .means = "a MySQL or MariaDB server refuses one client's logins again and again",
    .evidence = "how many, and the server's words for the last",
    .live = "the first 8 KiB of what servers say",
    .thresholds = thresholds,
    .login = login,
};

}  // namespace vmoat
