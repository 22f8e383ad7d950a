// Brute force: passwords are tried, one short session after the other.
#include "threats/content/messages.h"
#include "threats/threat.h"

namespace vmoat {

namespace {

constexpr Threshold thresholds[] = {
    {"sessions", "sessions", 40, 3, 100000,
     "short ones of ssh, rdp, vnc, telnet or ftp from one client to one server, in 60 s"},
    {"refused", "logins", 10, 2, 100000, "refused to one client by one server, in 60 s"}};

/** What a login needs at least, so that a health check is none; and what a session does not stay below. */
constexpr uint64_t packets_min = 6, bytes_max = 20000;
constexpr int64_t duration_max_ns = 30 * ns_per_s;

constexpr std::string_view ask_for_password[] = {"ssh", "rdp", "vnc", "telnet", "ftp"};

void flow(const FlowEvent& event, Alarm& alarm) {
  const bool short_one = event.packets[0] >= packets_min && event.bytes[1] > 0 &&
                         event.bytes[1] < bytes_max &&
                         event.session.last_ns - event.session.first_ns < duration_max_ns;
  const bool over = event.end == FlowEnd::fin || event.end == FlowEnd::rst;
  if (!short_one || !over) return;
  const Subject& s = event.subject;
  Tally& t = alarm.tally({.slot = s.slot, .port = s.dport, .segment = s.segment, .a = s.src, .b = s.dst}, 60);
  if (++t.count < alarm.threshold(0)) return;
  alarm.raise(Evidence() << t.count << " short sessions of " << event.application << " in 60 s");
}

void login(const Login& login, Alarm& alarm) {
  const Subject& s = alarm.subject();
  const uint32_t apart = 1u << 31;  // from the sessions that are counted
  Tally& t = alarm.tally(
      {.slot = s.slot, .port = s.dport, .segment = s.segment ^ apart, .a = s.src, .b = s.dst}, 60);
  if (++t.count < alarm.threshold(1)) return;
  alarm.raise(Evidence() << t.count << " logins to " << login.application << " refused in 60 s");
}

}  // namespace

extern const Threat brute_force_threat;
const Threat brute_force_threat = {
    .name = "brute-force",
    .severity = Severity::high,
    .action = ThreatAction::alert,
    .means = "one client tries passwords at one server: many short sessions, or many refused logins",
    .evidence = "how many sessions or refused logins, and of what",
    .live = "the end of every recognised session; refused logins while the opening of a session is read",
    .thresholds = thresholds,
    .flows = flow_ended,
    .flow = flow,
    .ends_of = ask_for_password,
    .login = login,
};

}  // namespace vmoat
