// Judging claims.
#include "threats/claim.h"

namespace vmoat {

namespace {

constexpr uint32_t window_s = 60;
constexpr int64_t answer_time_ns = 5 * ns_per_s;

uint64_t number_of(const Mac& mac) {
  uint64_t number = 0;
  for (uint8_t byte : mac) number = number << 8 | byte;
  return number;
}

/** What a tally of one address remembers. */
enum Word : uint8_t { newcomer, asked_ns };

/** An answer that nobody asked for, told to one host only: how caches are poisoned. */
bool is_planted(const NeighbourEvent& event, const Tally& t, int64_t now_ns) {
  const bool asked = static_cast<int64_t>(t.words[asked_ns]) + answer_time_ns > now_ns;
  return event.answer && event.directed && !asked;
}

}  // namespace

bool is_virtual_router(const Mac& mac) {
  const uint64_t vendor = number_of(mac) >> 8;
  return vendor == 0x00005e0001 || vendor == 0x00005e0002 || vendor >> 8 == 0x00000c07 ||
         vendor == 0x00000c9ff0 || vendor >> 8 == 0x0007b400;
}

void judge_claim(const NeighbourEvent& event, Alarm& alarm) {
  const Subject& s = event.subject;
  if (event.kind == NeighbourEvent::Kind::arp && !event.answer)
    alarm.tally({.segment = s.segment, .a = event.asked}, window_s).words[asked_ns] =
        static_cast<uint64_t>(alarm.now_ns());
  if (s.from_guest() && event.mac != event.frame_mac && !is_virtual_router(event.mac))
    return alarm.raise(Evidence() << event.address << " is at " << event.mac << ", says " << event.frame_mac);
  if (s.from_guest() && alarm.owners().is_host(event.address))
    return alarm.raise(Evidence() << event.mac << " claims " << event.address << ", which is the host's own");
  const Owner* owner = alarm.owners().find(s.segment, event.address, alarm.now_ns());
  if (owner == nullptr || is_virtual_router(event.mac) || is_virtual_router(owner->mac)) return;
  const Mac held = owner->mac;
  Tally& t = alarm.tally({.segment = s.segment, .a = event.address}, window_s);
  const bool other = held != event.mac;
  if (other) t.words[newcomer] = number_of(event.mac);
  const bool presses = t.words[newcomer] == number_of(event.mac) && is_planted(event, t, alarm.now_ns());
  if (!other && !presses) return;
  if (++t.count < alarm.threshold(0)) return;
  Evidence text;
  text << event.address << " claimed by " << event.mac;
  if (other) text << " and by " << held;
  alarm.raise(text << ", " << t.count << " times in " << window_s << " s");
}

}  // namespace vmoat
