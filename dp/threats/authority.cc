// The known one of each segment, in a tally.
#include "threats/authority.h"

#include <cstring>

namespace vmoat {

std::optional<Mac> served_by_other(const NeighbourEvent& event, uint16_t part, Alarm& alarm) {
  constexpr uint32_t day_s = 86400;
  const Subject& s = event.subject;
  Tally& t = alarm.tally({.port = part, .segment = s.segment}, day_s);
  if (t.count++ == 0 || !s.from_guest()) {
    std::memcpy(t.words.data(), event.mac.data(), event.mac.size());
    return std::nullopt;
  }
  Mac known;
  std::memcpy(known.data(), t.words.data(), known.size());
  return known != event.mac ? std::optional(known) : std::nullopt;
}

}  // namespace vmoat
