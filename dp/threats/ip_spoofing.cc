// IP spoofing: a guest sends with a source address that is not its own (BCP 38).
#include "threats/claim.h"
#include "threats/threat.h"

namespace vmoat {

namespace {

constexpr Threshold thresholds[] = {
    {"sources", "addresses", 300, 10, 500, "of one NIC whose new flows nobody answered, in 60 s"}};

/** A first packet whose source another NIC of the segment, or the host, has claimed. */
void packet(const PacketEvent& event, Alarm& alarm) {
  const Subject& s = event.subject;
  if (event.inside || !s.from_guest() || !event.packet.has_macs) return;
  if (alarm.owners().is_host(s.src)) return alarm.raise(Evidence() << s.src << " is the host's own address");
  const Owner* owner = alarm.owners().find(s.segment, s.src, alarm.now_ns());
  const bool of_other = owner != nullptr && owner->slot != no_slot && owner->slot != s.slot &&
                        owner->mac != event.packet.src_mac && !is_virtual_router(owner->mac);
  if (of_other)
    alarm.raise(Evidence() << s.src << " belongs to " << owner->mac << ", sent by " << event.packet.src_mac);
}

/** Sources that nobody answers: a router's are answered. */
void flow(const FlowEvent& event, Alarm& alarm) {
  const Subject& s = event.subject;
  if (!s.from_guest()) return;
  Tally& t = alarm.tally({.slot = s.slot, .segment = s.segment}, 60);
  const uint64_t item = item_of(s.src);
  if (t.distinct.has(item)) return;
  t.distinct.add(item);
  t.count = t.distinct.count();
  if (t.count < alarm.threshold(0)) return;
  alarm.raise(Evidence() << t.count << " source addresses in 60 s that nobody answered, last " << s.src);
}

}  // namespace

extern const Threat ip_spoofing_threat;
const Threat ip_spoofing_threat = {
    .name = "ip-spoofing",
    .severity = Severity::high,
    .action = ThreatAction::deny,
    .means =
        "a guest sends with an address that another NIC of its segment or the host has claimed, or with ever "
        "new ones that nobody answers",
    .evidence = "the address and whose it is, or how many there were",
    .live = "the first packet of every flow within the NIC's budget of events",
    .offline = "not seen: a file does not tell which NIC a frame came from",
    .thresholds = thresholds,
    .packets = packet_first,
    .packet = packet,
    .flows = flow_failed,
    .flow = flow,
};

}  // namespace vmoat
