// The numbers by name.
#include "threats/settings.h"

#include <algorithm>
#include <string>

namespace vmoat {

namespace {

/** threats().size() where there is none. */
size_t number_of(std::string_view name) {
  const auto all = threats();
  const auto found = std::find_if(all.begin(), all.end(), [&](const Threat& t) { return t.name == name; });
  return static_cast<size_t>(found - all.begin());
}

}  // namespace

ThreatSettings::ThreatSettings() {
  for (size_t n = 0; n < threats().size(); n++)
    for (size_t i = 0; i < threats()[n].thresholds.size(); i++)
      values[n][i] = threats()[n].thresholds[i].standard;
}

Status ThreatSettings::set(std::string_view threat, std::string_view threshold, uint64_t value) {
  const size_t n = number_of(threat);
  if (n == threats().size()) return Error{"no threat is called " + std::string(threat)};
  const auto all = threats()[n].thresholds;
  for (size_t i = 0; i < all.size(); i++) {
    if (all[i].name != threshold) continue;
    if (value < all[i].least || value > all[i].most)
      return Error{std::string(threat) + "." + std::string(threshold) + " is out of range"};
    values[n][i] = value;
    return success();
  }
  return Error{std::string(threat) + " has no threshold called " + std::string(threshold)};
}

Status ThreatSettings::disable(std::string_view threat) {
  const size_t n = number_of(threat);
  if (n == threats().size()) return Error{"no threat is called " + std::string(threat)};
  enabled &= ~(uint64_t{1} << n);
  return success();
}

}  // namespace vmoat
