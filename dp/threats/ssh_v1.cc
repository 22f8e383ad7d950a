// SSH 1: an end that speaks nothing newer; 1.99 speaks both (RFC 4253, 5.1).
#include "threats/content/messages.h"
#include "threats/evidence.h"
#include "threats/threat.h"

namespace vmoat {
namespace {

void banner(const Banner& b, Alarm& alarm) {
  if (b.application == "ssh" && b.line.starts_with("SSH-1.") && !b.line.starts_with("SSH-1.99"))
    alarm.raise(Evidence() << (b.from_client ? "the client" : "the server") << " says " << b.line);
}

}  // namespace

extern const Threat ssh_v1_threat;
const Threat ssh_v1_threat = {
    .name = "ssh-v1",
    .severity = Severity::medium,
    .action = ThreatAction::alert,
    .means = "an end of an SSH connection speaks version 1, which can be broken",
    .evidence = "the line it begins with",
    .live = "every connection's first lines",
    .banner = banner,
};

}  // namespace vmoat
