// ThreatMemory: what the threats of all workers remember together, some 3 MiB for the whole host. A NIC's
// flows are spread over the workers by their addresses; a scan of many hosts is seen as one only here.
#pragma once

#include <mutex>
#include <vector>

#include "threats/settings.h"

namespace vmoat {

struct ThreatMemory {
  ThreatMemory(const ThreatSettings& with, SipHash hash) : settings(with), tallies(hash), owners(hash) {}

  const ThreatSettings settings;
  std::mutex mutex;  // of what follows; taken where a threat counts or asks for owners, never for the bulk
  Tallies tallies;
  Owners owners;
  std::vector<Crowd*> crowds;  // one of each worker
};

}  // namespace vmoat
