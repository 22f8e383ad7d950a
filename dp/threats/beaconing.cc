// Beaconing: a guest calls the same outside address again and again, as regularly as a clock.
#include "threats/scan.h"
#include "threats/threat.h"

namespace vmoat {

namespace {

constexpr Threshold thresholds[] = {
    {"intervals", "intervals", 10, 4, 10000, "one after the other that differ by a fifth at most"},
    {"seconds", "s", 5, 1, 3600, "the shortest interval that counts"}};

enum Word : uint8_t { last_ns, mean_ns };
constexpr uint32_t window_s = 86400;

void flow(const FlowEvent& event, Alarm& alarm) {
  const Subject& s = event.subject;
  const bool guest = s.from_guest();
  if (s.proto != IPPROTO_TCP || (!guest && s.slot != no_slot) || is_private(s.dst)) return;
  Tally& t =
      alarm.tally({.slot = s.slot, .port = s.dport, .segment = s.segment, .a = s.src, .b = s.dst}, window_s);
  const auto now = static_cast<uint64_t>(alarm.now_ns());
  const uint64_t since = t.words[last_ns] == 0 ? 0 : now - t.words[last_ns];
  t.words[last_ns] = now;
  const uint64_t mean = t.words[mean_ns];
  const uint64_t off = since > mean ? since - mean : mean - since;
  const bool regular = mean != 0 && off <= mean / 5;
  t.words[mean_ns] = regular ? (mean * 7 + since) / 8 : since;
  t.count = regular ? t.count + 1 : 0;
  if (t.count < alarm.threshold(0) || mean < alarm.threshold(1) * ns_per_s) return;
  alarm.raise(Evidence() << t.count << " connections to " << s.dst << " port " << s.dport << ", one every "
                         << mean / ns_per_s << " s");
}

}  // namespace

extern const Threat beaconing_threat;
const Threat beaconing_threat = {
    .name = "beaconing",
    .severity = Severity::low,
    .action = ThreatAction::alert,
    .means = "connections to the same public address and port at regular intervals",
    .evidence = "how many, where to, and the interval",
    .live = "the first packet of every connection within the NIC's budget of events",
    .thresholds = thresholds,
    .flows = flow_opened,
    .flow = flow,
};

}  // namespace vmoat
