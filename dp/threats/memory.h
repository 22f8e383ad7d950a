// ThreatMemory: what the threats of all workers remember together, some 4 MiB for the whole host. A NIC's
// flows are spread over the workers by their addresses; a scan of many hosts is seen as one only here.
#pragma once

#include <mutex>

#include "threats/settings.h"

namespace vmoat {

struct ThreatMemory {
  ThreatMemory(const ThreatSettings& with, SipHash hash) : settings(with), tallies(hash), owners(hash) {}

  const ThreatSettings settings;
  std::mutex mutex;  // of what follows; taken at new flows and changes of state, never for the bulk
  Tallies tallies;
  Owners owners;
  Crowd crowd;
};

}  // namespace vmoat
