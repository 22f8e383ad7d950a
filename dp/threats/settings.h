// ThreatSettings: the operator's numbers, and which threats are off.
#pragma once

#include <array>

#include "base/result.h"
#include "threats/threat.h"

namespace vmoat {

struct ThreatSettings {
  uint64_t enabled = ~uint64_t{0};                                // by bit of the threat
  std::array<std::array<uint64_t, thresholds_max>, 64> values{};  // by threat and threshold

  /** Every threshold at its standard. */
  ThreatSettings();
  /** An Error where threat or threshold does not exist or the value is out of range. */
  Status set(std::string_view threat, std::string_view threshold, uint64_t value);
  Status disable(std::string_view threat);
};

}  // namespace vmoat
