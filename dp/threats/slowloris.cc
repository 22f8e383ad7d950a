// Slowloris: many connections of one client whose request heads do not end, so that a server waits for all.
#include "threats/content/messages.h"
#include "threats/evidence.h"
#include "threats/threat.h"

namespace vmoat {
namespace {

constexpr Threshold thresholds[] = {
    {"connections", "connections", 20, 2, 1000,
     "whose heads do not end, of one client to one server, in a minute"},
    {"seconds", "s", 10, 1, 600, "after which a head counts as one that does not end"}};

void http_slow(const HttpSlowHead& head, Alarm& alarm) {
  if (head.waited_s < alarm.threshold(1)) return;
  const Subject& s = alarm.subject();
  Tally& tally =
      alarm.tally({.slot = s.slot, .port = s.dport, .segment = s.segment, .a = s.src, .b = s.dst}, 60);
  tally.distinct.add(item_of(s.flow));
  const uint32_t heads = tally.distinct.count();
  if (heads >= alarm.threshold(0))
    alarm.raise(Evidence() << heads << " request heads of one client had not ended after " << head.waited_s
                           << " s");
}

}  // namespace

extern const Threat slowloris_threat;
const Threat slowloris_threat = {
    .name = "slowloris",
    .severity = Severity::high,
    .action = ThreatAction::deny,
    .means = "a client keeps many connections to an HTTP server busy with request heads that never end",
    .evidence = "how many heads had not ended, and for how long",
    .live = "the opening of each connection, while its head has not ended",
    .thresholds = thresholds,
    .http_slow = http_slow,
};

}  // namespace vmoat
